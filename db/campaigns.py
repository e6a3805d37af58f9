"""Writing campaigns and what belongs to all of one: goals, executors, findings."""

from collections.abc import Mapping
from hashlib import sha256

from sqlalchemy import Connection, select

from db.chain import digest
from db.checking import check_same_kind, declare, declared
from db.schema import campaign, executor, finding, goal_version, variable
from db.views import replace_view, view_name
from db.writing import Transaction
from labagent.campaigns import Campaign
from labagent.errors import DataError, GoalChangedError
from labagent.ports import Finding


def newest_goal(connection: Connection, campaign_id: int) -> tuple[int, int]:
    """Return id and number of a campaign's newest goal version.

    Raises:
        DataError: No such campaign.
    """
    row = connection.execute(
        select(goal_version.c.id, goal_version.c.version)
        .where(goal_version.c.campaign_id == campaign_id)
        .order_by(goal_version.c.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise DataError(f"campaign {campaign_id}: is not in the database")
    return row.id, row.version


def check_goal(
    connection: Connection, campaign_id: int, goal_version: int | None
) -> None:
    """Check that somebody works with the newest goal, where they say with which.

    Raises:
        GoalChangedError: There is a newer one.
    """
    if goal_version is None:
        return
    _, newest = newest_goal(connection, campaign_id)
    if goal_version != newest:
        raise GoalChangedError(
            f"campaign {campaign_id}: got goal version {goal_version}, must be the "
            f"newest, {newest}; start again to work with that"
        )


def write_campaign(writer: Transaction, offered: Campaign, by: str) -> int:
    """Add a campaign or a goal version, where there is something new; return its id."""
    connection = writer.connection
    found = connection.execute(
        select(campaign).where(campaign.c.name == offered.name)
    ).one_or_none()
    variables = declare(offered)
    if found is None:
        view = view_name(connection, offered.name)
        campaign_id = writer.add(
            campaign, name=offered.name, view_name=view, created_at=writer.now
        )
        version = 1
    else:
        campaign_id, view = found.id, found.view_name
        goal_id, version = newest_goal(connection, campaign_id)
        known = select(goal_version.c.document).where(goal_version.c.id == goal_id)
        if connection.execute(known).scalar_one() == offered.document:
            return campaign_id
        check_same_kind(offered.name, declared(connection, campaign_id, 1), variables)
        version += 1
    writer.campaign = campaign_id
    _write_goal(writer, offered, by, campaign_id, version)
    replace_view(connection, view, campaign_id, variables)
    return campaign_id


def _write_goal(
    writer: Transaction, offered: Campaign, by: str, campaign_id: int, version: int
) -> None:
    goal_id = writer.add(
        goal_version,
        campaign_id=campaign_id,
        version=version,
        document=offered.document,
        sha256=sha256(offered.document.encode()).hexdigest(),
        written_by=by,
        created_at=writer.now,
    )
    writer.insert(
        variable,
        [
            {
                "goal_version_id": goal_id,
                "position": position,
                "name": d.name,
                "role": d.role.value,
                "unit": d.unit,
                "kind": d.kind,
                "species": list(d.species),
            }
            for position, d in enumerate(declare(offered))
        ],
    )


def write_executor(
    writer: Transaction, campaign_id: int, name: str, capabilities: Mapping[str, object]
) -> str:
    """Keep an executor's capabilities once; return their sha256."""
    hashed = digest(capabilities)
    known = select(executor.c.id).where(
        executor.c.campaign_id == campaign_id,
        executor.c.name == name,
        executor.c.sha256 == hashed,
    )
    if writer.connection.execute(known).scalar() is None:
        writer.add(
            executor,
            campaign_id=campaign_id,
            name=name,
            sha256=hashed,
            capabilities=dict(capabilities),
            registered_at=writer.now,
        )
    return hashed


def write_finding(writer: Transaction, campaign_id: int, offered: Finding) -> None:
    """Keep a finding, unless the same text was kept before."""
    hashed = digest(offered.text)
    known = select(finding.c.id).where(
        finding.c.campaign_id == campaign_id, finding.c.sha256 == hashed
    )
    if writer.connection.execute(known).scalar() is None:
        writer.add(
            finding,
            campaign_id=campaign_id,
            kind=offered.kind,
            text=offered.text,
            sha256=hashed,
            experiment=offered.experiment,
            details=dict(offered.details),
            found_at=writer.now,
        )
