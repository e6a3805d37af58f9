"""Triggers that guard the rows on PostgreSQL, as text.

Migrations drop them, change the tables, and create them again from here, all in one
transaction; ``verify`` compares what the database holds with this text. A message
begins with ``labagent`` and the word that :mod:`db.engine` turns into an error.

Rules live in functions only (no WHEN, no column lists), so that comparing a function's
body and a trigger's events is comparing everything.
"""

from collections.abc import Mapping

BODIES: Mapping[str, str] = {
    "labagent_append_only": """
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'labagent '
        || CASE TG_TABLE_NAME WHEN 'prediction' THEN 'seal' ELSE 'rows' END
        || ': ' || TG_TABLE_NAME || ' rows must not be changed or deleted';
END
""",
    "labagent_step": """
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent rows: step rows must not be deleted';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NOT (
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
        ) THEN
            RAISE EXCEPTION USING MESSAGE =
                'labagent state: a new step must be proposed, or imported';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id
        OR NEW.experiment_id <> OLD.experiment_id
        OR NEW.stage <> OLD.stage
        OR NEW.position <> OLD.position
        OR NEW.executor <> OLD.executor
        OR NEW.key <> OLD.key
        OR NEW.token < OLD.token
        OR NEW.attempts < OLD.attempts
        OR (
            OLD.dispatched_at IS NOT NULL
            AND NEW.dispatched_at IS DISTINCT FROM OLD.dispatched_at
        )
    THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent rows: what a step is must stay as it is';
    END IF;
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'proposed' AND NEW.state IN ('approved', 'rejected'))
        OR (OLD.state = 'approved' AND NEW.state IN ('running', 'cancelled'))
        OR (
            OLD.state = 'running'
            AND NEW.state IN ('approved', 'measured', 'failed', 'unknown', 'cancelled')
        )
        OR (OLD.state = 'unknown' AND NEW.state IN ('approved', 'measured', 'failed'))
    ) THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent state: a step may not go to that state';
    END IF;
    IF OLD.state IN ('proposed', 'approved')
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
    THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent seal: a step must not run before its predictions';
    END IF;
    RETURN NEW;
END
""",
    "labagent_step_quantity": """
BEGIN
    IF EXISTS (SELECT 1 FROM step WHERE id = NEW.step_id AND state <> 'proposed') THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent seal: a step must measure what was proposed';
    END IF;
    RETURN NEW;
END
""",
    "labagent_prediction": """
BEGIN
    IF (SELECT imported FROM experiment WHERE id = NEW.experiment_id)
        OR EXISTS (
            SELECT 1 FROM step
            WHERE experiment_id = NEW.experiment_id
                AND (dispatched_at IS NOT NULL OR state NOT IN ('proposed', 'approved'))
        )
    THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent seal: a prediction must come before its step';
    END IF;
    RETURN NEW;
END
""",
    "labagent_correction": """
BEGIN
    IF (SELECT state FROM step WHERE id = NEW.step_id) NOT IN ('measured', 'failed')
    THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent state: only what is over must be corrected';
    END IF;
    RETURN NEW;
END
""",
    "labagent_event": """
BEGIN
    IF NEW.seq <> (SELECT seq FROM chain_head) + 1 THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent rows: an event must follow the last one';
    END IF;
    RETURN NEW;
END
""",
    "labagent_chain_head": """
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1 OR NOT EXISTS (
        SELECT 1 FROM event WHERE seq = NEW.seq AND hash = NEW.hash AND at = NEW.at
    ) THEN
        RAISE EXCEPTION USING MESSAGE =
            'labagent rows: the head must be the newest event';
    END IF;
    RETURN NEW;
END
""",
}
"""Trigger function to its body."""

TRIGGERS: Mapping[str, str] = {
    "campaign_append_only": (
        "CREATE TRIGGER campaign_append_only BEFORE UPDATE OR DELETE ON campaign "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "goal_version_append_only": (
        "CREATE TRIGGER goal_version_append_only "
        "BEFORE UPDATE OR DELETE ON goal_version "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "variable_append_only": (
        "CREATE TRIGGER variable_append_only BEFORE UPDATE OR DELETE ON variable "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "model_version_append_only": (
        "CREATE TRIGGER model_version_append_only "
        "BEFORE UPDATE OR DELETE ON model_version "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "decision_append_only": (
        "CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON decision "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "experiment_append_only": (
        "CREATE TRIGGER experiment_append_only BEFORE UPDATE OR DELETE ON experiment "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "step_quantity_append_only": (
        "CREATE TRIGGER step_quantity_append_only "
        "BEFORE UPDATE OR DELETE ON step_quantity "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "step_state_append_only": (
        "CREATE TRIGGER step_state_append_only BEFORE UPDATE OR DELETE ON step_state "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "prediction_append_only": (
        "CREATE TRIGGER prediction_append_only BEFORE UPDATE OR DELETE ON prediction "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "measurement_append_only": (
        "CREATE TRIGGER measurement_append_only BEFORE UPDATE OR DELETE ON measurement "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "correction_append_only": (
        "CREATE TRIGGER correction_append_only BEFORE UPDATE OR DELETE ON correction "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "regime_append_only": (
        "CREATE TRIGGER regime_append_only BEFORE UPDATE OR DELETE ON regime "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "approval_append_only": (
        "CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE ON approval "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "executor_append_only": (
        "CREATE TRIGGER executor_append_only BEFORE UPDATE OR DELETE ON executor "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "finding_append_only": (
        "CREATE TRIGGER finding_append_only BEFORE UPDATE OR DELETE ON finding "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "artifact_append_only": (
        "CREATE TRIGGER artifact_append_only BEFORE UPDATE OR DELETE ON artifact "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "event_append_only": (
        "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION labagent_append_only()"
    ),
    "step_rules": (
        "CREATE TRIGGER step_rules BEFORE INSERT OR UPDATE OR DELETE ON step "
        "FOR EACH ROW EXECUTE FUNCTION labagent_step()"
    ),
    "step_quantity_rules": (
        "CREATE TRIGGER step_quantity_rules BEFORE INSERT ON step_quantity "
        "FOR EACH ROW EXECUTE FUNCTION labagent_step_quantity()"
    ),
    "prediction_rules": (
        "CREATE TRIGGER prediction_rules BEFORE INSERT ON prediction "
        "FOR EACH ROW EXECUTE FUNCTION labagent_prediction()"
    ),
    "correction_rules": (
        "CREATE TRIGGER correction_rules BEFORE INSERT ON correction "
        "FOR EACH ROW EXECUTE FUNCTION labagent_correction()"
    ),
    "event_rules": (
        "CREATE TRIGGER event_rules BEFORE INSERT ON event "
        "FOR EACH ROW EXECUTE FUNCTION labagent_event()"
    ),
    "chain_head_rules": (
        "CREATE TRIGGER chain_head_rules "
        "BEFORE INSERT OR UPDATE OR DELETE ON chain_head "
        "FOR EACH ROW EXECUTE FUNCTION labagent_chain_head()"
    ),
    "campaign_no_truncate": (
        "CREATE TRIGGER campaign_no_truncate BEFORE TRUNCATE ON campaign "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "goal_version_no_truncate": (
        "CREATE TRIGGER goal_version_no_truncate BEFORE TRUNCATE ON goal_version "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "variable_no_truncate": (
        "CREATE TRIGGER variable_no_truncate BEFORE TRUNCATE ON variable "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "model_version_no_truncate": (
        "CREATE TRIGGER model_version_no_truncate BEFORE TRUNCATE ON model_version "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "decision_no_truncate": (
        "CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON decision "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "experiment_no_truncate": (
        "CREATE TRIGGER experiment_no_truncate BEFORE TRUNCATE ON experiment "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "step_quantity_no_truncate": (
        "CREATE TRIGGER step_quantity_no_truncate BEFORE TRUNCATE ON step_quantity "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "step_state_no_truncate": (
        "CREATE TRIGGER step_state_no_truncate BEFORE TRUNCATE ON step_state "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "prediction_no_truncate": (
        "CREATE TRIGGER prediction_no_truncate BEFORE TRUNCATE ON prediction "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "measurement_no_truncate": (
        "CREATE TRIGGER measurement_no_truncate BEFORE TRUNCATE ON measurement "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "correction_no_truncate": (
        "CREATE TRIGGER correction_no_truncate BEFORE TRUNCATE ON correction "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "regime_no_truncate": (
        "CREATE TRIGGER regime_no_truncate BEFORE TRUNCATE ON regime "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "approval_no_truncate": (
        "CREATE TRIGGER approval_no_truncate BEFORE TRUNCATE ON approval "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "executor_no_truncate": (
        "CREATE TRIGGER executor_no_truncate BEFORE TRUNCATE ON executor "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "finding_no_truncate": (
        "CREATE TRIGGER finding_no_truncate BEFORE TRUNCATE ON finding "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "artifact_no_truncate": (
        "CREATE TRIGGER artifact_no_truncate BEFORE TRUNCATE ON artifact "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "event_no_truncate": (
        "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "step_no_truncate": (
        "CREATE TRIGGER step_no_truncate BEFORE TRUNCATE ON step "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
    "chain_head_no_truncate": (
        "CREATE TRIGGER chain_head_no_truncate BEFORE TRUNCATE ON chain_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION labagent_append_only()"
    ),
}
"""Trigger name to the statement that creates it."""


def function(name: str, body: str) -> str:
    """Return the statement that creates a trigger function; both parts are ours."""
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"


DROPS: tuple[str, ...] = tuple(
    f"DROP FUNCTION IF EXISTS {name}() CASCADE" for name in BODIES
)
"""Statements that take every guard away, for migrations."""
