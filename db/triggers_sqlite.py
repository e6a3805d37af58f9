"""Triggers that guard the rows on SQLite, as text.

Migrations drop them, change the tables, and create them again from here, all in one
transaction; ``verify`` compares what the database holds with this text. A message
begins with ``labagent`` and the word that :mod:`db.engine` turns into an error.
"""

from collections.abc import Mapping

from db.append_only_sqlite import APPEND_ONLY

RULES: Mapping[str, str] = {
    "step_no_delete": """
CREATE TRIGGER step_no_delete BEFORE DELETE ON step
BEGIN SELECT RAISE(ABORT, 'labagent rows: step rows must not be deleted'); END
""",
    "step_no_replace": """
CREATE TRIGGER step_no_replace BEFORE INSERT ON step
WHEN EXISTS (
    SELECT 1 FROM step
    WHERE (id = NEW.id)
        OR (key = NEW.key)
        OR (experiment_id = NEW.experiment_id AND position = NEW.position)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: step rows must not be replaced'); END
""",
    "step_first_state": """
CREATE TRIGGER step_first_state BEFORE INSERT ON step
WHEN NOT (
    (
        NEW.state = 'proposed'
        AND NEW.token = 0
        AND NEW.attempts = 0
        AND NEW.dispatched_at IS NULL
    )
    OR (
        NEW.state = 'measured'
        AND (SELECT imported FROM experiment WHERE id = NEW.experiment_id)
    )
)
BEGIN
    SELECT RAISE(ABORT, 'labagent state: a new step must be proposed, or imported');
END
""",
    "step_fixed": """
CREATE TRIGGER step_fixed BEFORE UPDATE ON step
WHEN NEW.id <> OLD.id
    OR NEW.experiment_id <> OLD.experiment_id
    OR NEW.stage <> OLD.stage
    OR NEW.position <> OLD.position
    OR NEW.executor <> OLD.executor
    OR NEW.key <> OLD.key
    OR NEW.token < OLD.token
    OR NEW.attempts < OLD.attempts
    OR (OLD.dispatched_at IS NOT NULL AND NEW.dispatched_at IS NOT OLD.dispatched_at)
BEGIN SELECT RAISE(ABORT, 'labagent rows: what a step is must stay as it is'); END
""",
    "step_transition": """
CREATE TRIGGER step_transition BEFORE UPDATE ON step
WHEN NEW.state <> OLD.state AND NOT (
    (OLD.state = 'proposed' AND NEW.state IN ('approved', 'rejected'))
    OR (OLD.state = 'approved' AND NEW.state IN ('running', 'cancelled'))
    OR (
        OLD.state = 'running'
        AND NEW.state IN ('approved', 'measured', 'failed', 'unknown', 'cancelled')
    )
    OR (OLD.state = 'unknown' AND NEW.state IN ('approved', 'measured', 'failed'))
)
BEGIN SELECT RAISE(ABORT, 'labagent state: a step may not go to that state'); END
""",
    "step_sealed": """
CREATE TRIGGER step_sealed BEFORE UPDATE ON step
WHEN OLD.state IN ('proposed', 'approved')
    AND NEW.state IN ('running', 'measured', 'failed', 'unknown')
    AND (
        NOT EXISTS (
            SELECT 1 FROM prediction AS p
            WHERE p.experiment_id = NEW.experiment_id
                AND p.sealed_at < NEW.dispatched_at
        )
        OR EXISTS (
            SELECT 1 FROM step_quantity AS q
            WHERE q.step_id = NEW.id AND NOT EXISTS (
                SELECT 1 FROM prediction AS p
                WHERE p.experiment_id = NEW.experiment_id
                    AND p.quantity = q.quantity
                    AND p.sealed_at < NEW.dispatched_at
            )
        )
    )
BEGIN
    SELECT RAISE(ABORT, 'labagent seal: a step must not run before its predictions');
END
""",
    "step_quantity_late": """
CREATE TRIGGER step_quantity_late BEFORE INSERT ON step_quantity
WHEN EXISTS (
    SELECT 1 FROM step WHERE id = NEW.step_id AND state <> 'proposed'
)
BEGIN SELECT RAISE(ABORT, 'labagent seal: a step must measure what was proposed'); END
""",
    "prediction_late": """
CREATE TRIGGER prediction_late BEFORE INSERT ON prediction
WHEN (SELECT imported FROM experiment WHERE id = NEW.experiment_id)
    OR EXISTS (
        SELECT 1 FROM step
        WHERE experiment_id = NEW.experiment_id
            AND (dispatched_at IS NOT NULL OR state NOT IN ('proposed', 'approved'))
    )
BEGIN SELECT RAISE(ABORT, 'labagent seal: a prediction must come before its step'); END
""",
    "correction_early": """
CREATE TRIGGER correction_early BEFORE INSERT ON correction
WHEN (SELECT state FROM step WHERE id = NEW.step_id) NOT IN ('measured', 'failed')
BEGIN SELECT RAISE(ABORT, 'labagent state: only what is over must be corrected'); END
""",
    "event_next": """
CREATE TRIGGER event_next BEFORE INSERT ON event
WHEN NEW.seq <> (SELECT seq FROM chain_head) + 1
BEGIN SELECT RAISE(ABORT, 'labagent rows: an event must follow the last one'); END
""",
    "chain_head_no_insert": """
CREATE TRIGGER chain_head_no_insert BEFORE INSERT ON chain_head
BEGIN SELECT RAISE(ABORT, 'labagent rows: the chain must have one head'); END
""",
    "chain_head_no_delete": """
CREATE TRIGGER chain_head_no_delete BEFORE DELETE ON chain_head
BEGIN SELECT RAISE(ABORT, 'labagent rows: the chain must have a head'); END
""",
    "chain_head_next": """
CREATE TRIGGER chain_head_next BEFORE UPDATE ON chain_head
WHEN NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1 OR NOT EXISTS (
    SELECT 1 FROM event WHERE seq = NEW.seq AND hash = NEW.hash AND at = NEW.at
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: the head must be the newest event'); END
""",
}
"""What may be added or changed, and when."""

TRIGGERS: Mapping[str, str] = {**APPEND_ONLY, **RULES}
"""Trigger name to the statement that creates it."""

DROPS: tuple[str, ...] = tuple(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS)
"""Statements that take every guard away, for migrations."""
