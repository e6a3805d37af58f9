"""What executors are built from; needs neither memory nor a scheduler."""

from pathlib import Path

from labagent.campaigns import Campaign, ExecutorSpec
from labagent.ports import Setup


def work_folder(campaign: str, folder: Path) -> Path:
    """Return where a campaign's executors keep their files."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in campaign)
    return folder / f"{safe}-work"


def setup_for(
    campaign: Campaign, spec: ExecutorSpec, folder: Path, work: Path
) -> Setup:
    """Return what an executor is built from: everything its stages set and measure."""
    stages = tuple(s for s in campaign.stages if s.executor == spec.name)
    controls = {name for s in stages for name in s.controls}
    measures = {name for s in stages for name in s.measures}
    return Setup(
        name=spec.name,
        adapter=spec.adapter,
        options=spec.options,
        timeout=spec.timeout,
        parameters=tuple(c for c in campaign.space.controls if c.name in controls),
        results=(
            *(v for v in campaign.measured if v.name in measures),
            *campaign.context,
        ),
        folder=folder,
        work=work,
        stages=stages,
    )
