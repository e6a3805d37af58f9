"""Triggers that keep rows on SQLite as they were added, as text; see triggers_sqlite.

``INSERT OR REPLACE`` deletes without firing DELETE triggers unless the connection asked
for it, hence the third trigger of every table.
"""

from collections.abc import Mapping

APPEND_ONLY: Mapping[str, str] = {
    "campaign_no_update": """
CREATE TRIGGER campaign_no_update BEFORE UPDATE ON campaign
BEGIN SELECT RAISE(ABORT, 'labagent rows: campaign rows must not be changed'); END
""",
    "campaign_no_delete": """
CREATE TRIGGER campaign_no_delete BEFORE DELETE ON campaign
BEGIN SELECT RAISE(ABORT, 'labagent rows: campaign rows must not be deleted'); END
""",
    "campaign_no_replace": """
CREATE TRIGGER campaign_no_replace BEFORE INSERT ON campaign
WHEN EXISTS (
    SELECT 1 FROM campaign
    WHERE (id = NEW.id)
        OR (name = NEW.name)
        OR (view_name = NEW.view_name)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: campaign rows must not be replaced'); END
""",
    "goal_version_no_update": """
CREATE TRIGGER goal_version_no_update BEFORE UPDATE ON goal_version
BEGIN SELECT RAISE(ABORT, 'labagent rows: goal_version rows must not be changed'); END
""",
    "goal_version_no_delete": """
CREATE TRIGGER goal_version_no_delete BEFORE DELETE ON goal_version
BEGIN SELECT RAISE(ABORT, 'labagent rows: goal_version rows must not be deleted'); END
""",
    "goal_version_no_replace": """
CREATE TRIGGER goal_version_no_replace BEFORE INSERT ON goal_version
WHEN EXISTS (
    SELECT 1 FROM goal_version
    WHERE (id = NEW.id)
        OR (campaign_id = NEW.campaign_id AND version = NEW.version)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: goal_version rows must not be replaced'); END
""",
    "variable_no_update": """
CREATE TRIGGER variable_no_update BEFORE UPDATE ON variable
BEGIN SELECT RAISE(ABORT, 'labagent rows: variable rows must not be changed'); END
""",
    "variable_no_delete": """
CREATE TRIGGER variable_no_delete BEFORE DELETE ON variable
BEGIN SELECT RAISE(ABORT, 'labagent rows: variable rows must not be deleted'); END
""",
    "variable_no_replace": """
CREATE TRIGGER variable_no_replace BEFORE INSERT ON variable
WHEN EXISTS (
    SELECT 1 FROM variable
    WHERE (id = NEW.id)
        OR (goal_version_id = NEW.goal_version_id AND name = NEW.name)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: variable rows must not be replaced'); END
""",
    "model_version_no_update": """
CREATE TRIGGER model_version_no_update BEFORE UPDATE ON model_version
BEGIN SELECT RAISE(ABORT, 'labagent rows: model_version rows must not be changed'); END
""",
    "model_version_no_delete": """
CREATE TRIGGER model_version_no_delete BEFORE DELETE ON model_version
BEGIN SELECT RAISE(ABORT, 'labagent rows: model_version rows must not be deleted'); END
""",
    "model_version_no_replace": """
CREATE TRIGGER model_version_no_replace BEFORE INSERT ON model_version
WHEN EXISTS (
    SELECT 1 FROM model_version
    WHERE (id = NEW.id)
        OR (campaign_id = NEW.campaign_id AND sha256 = NEW.sha256)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: model_version rows must not be replaced'); END
""",
    "decision_no_update": """
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'labagent rows: decision rows must not be changed'); END
""",
    "decision_no_delete": """
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'labagent rows: decision rows must not be deleted'); END
""",
    "decision_no_replace": """
CREATE TRIGGER decision_no_replace BEFORE INSERT ON decision
WHEN EXISTS (
    SELECT 1 FROM decision
    WHERE (id = NEW.id)
        OR (campaign_id = NEW.campaign_id AND batch = NEW.batch)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: decision rows must not be replaced'); END
""",
    "experiment_no_update": """
CREATE TRIGGER experiment_no_update BEFORE UPDATE ON experiment
BEGIN SELECT RAISE(ABORT, 'labagent rows: experiment rows must not be changed'); END
""",
    "experiment_no_delete": """
CREATE TRIGGER experiment_no_delete BEFORE DELETE ON experiment
BEGIN SELECT RAISE(ABORT, 'labagent rows: experiment rows must not be deleted'); END
""",
    "experiment_no_replace": """
CREATE TRIGGER experiment_no_replace BEFORE INSERT ON experiment
WHEN EXISTS (
    SELECT 1 FROM experiment
    WHERE (id = NEW.id)
        OR (campaign_id = NEW.campaign_id AND number = NEW.number)
        OR (campaign_id = NEW.campaign_id AND import_key = NEW.import_key)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: experiment rows must not be replaced'); END
""",
    "step_quantity_no_update": """
CREATE TRIGGER step_quantity_no_update BEFORE UPDATE ON step_quantity
BEGIN SELECT RAISE(ABORT, 'labagent rows: step_quantity rows must not be changed'); END
""",
    "step_quantity_no_delete": """
CREATE TRIGGER step_quantity_no_delete BEFORE DELETE ON step_quantity
BEGIN SELECT RAISE(ABORT, 'labagent rows: step_quantity rows must not be deleted'); END
""",
    "step_quantity_no_replace": """
CREATE TRIGGER step_quantity_no_replace BEFORE INSERT ON step_quantity
WHEN EXISTS (
    SELECT 1 FROM step_quantity
    WHERE (id = NEW.id)
        OR (step_id = NEW.step_id AND quantity = NEW.quantity)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: step_quantity rows must not be replaced'); END
""",
    "step_state_no_update": """
CREATE TRIGGER step_state_no_update BEFORE UPDATE ON step_state
BEGIN SELECT RAISE(ABORT, 'labagent rows: step_state rows must not be changed'); END
""",
    "step_state_no_delete": """
CREATE TRIGGER step_state_no_delete BEFORE DELETE ON step_state
BEGIN SELECT RAISE(ABORT, 'labagent rows: step_state rows must not be deleted'); END
""",
    "step_state_no_replace": """
CREATE TRIGGER step_state_no_replace BEFORE INSERT ON step_state
WHEN EXISTS (
    SELECT 1 FROM step_state
    WHERE (id = NEW.id)
        OR (step_id = NEW.step_id AND event_seq = NEW.event_seq)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: step_state rows must not be replaced'); END
""",
    "prediction_no_update": """
CREATE TRIGGER prediction_no_update BEFORE UPDATE ON prediction
BEGIN SELECT RAISE(ABORT, 'labagent seal: prediction rows must not be changed'); END
""",
    "prediction_no_delete": """
CREATE TRIGGER prediction_no_delete BEFORE DELETE ON prediction
BEGIN SELECT RAISE(ABORT, 'labagent seal: prediction rows must not be deleted'); END
""",
    "prediction_no_replace": """
CREATE TRIGGER prediction_no_replace BEFORE INSERT ON prediction
WHEN EXISTS (
    SELECT 1 FROM prediction
    WHERE (id = NEW.id)
        OR (experiment_id = NEW.experiment_id AND quantity = NEW.quantity)
)
BEGIN SELECT RAISE(ABORT, 'labagent seal: prediction rows must not be replaced'); END
""",
    "measurement_no_update": """
CREATE TRIGGER measurement_no_update BEFORE UPDATE ON measurement
BEGIN SELECT RAISE(ABORT, 'labagent rows: measurement rows must not be changed'); END
""",
    "measurement_no_delete": """
CREATE TRIGGER measurement_no_delete BEFORE DELETE ON measurement
BEGIN SELECT RAISE(ABORT, 'labagent rows: measurement rows must not be deleted'); END
""",
    "measurement_no_replace": """
CREATE TRIGGER measurement_no_replace BEFORE INSERT ON measurement
WHEN EXISTS (
    SELECT 1 FROM measurement
    WHERE (id = NEW.id)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: measurement rows must not be replaced'); END
""",
    "correction_no_update": """
CREATE TRIGGER correction_no_update BEFORE UPDATE ON correction
BEGIN SELECT RAISE(ABORT, 'labagent rows: correction rows must not be changed'); END
""",
    "correction_no_delete": """
CREATE TRIGGER correction_no_delete BEFORE DELETE ON correction
BEGIN SELECT RAISE(ABORT, 'labagent rows: correction rows must not be deleted'); END
""",
    "correction_no_replace": """
CREATE TRIGGER correction_no_replace BEFORE INSERT ON correction
WHEN EXISTS (
    SELECT 1 FROM correction
    WHERE (id = NEW.id)
        OR (
            step_id = NEW.step_id
            AND quantity = NEW.quantity
            AND event_seq = NEW.event_seq
        )
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: correction rows must not be replaced'); END
""",
    "regime_no_update": """
CREATE TRIGGER regime_no_update BEFORE UPDATE ON regime
BEGIN SELECT RAISE(ABORT, 'labagent rows: regime rows must not be changed'); END
""",
    "regime_no_delete": """
CREATE TRIGGER regime_no_delete BEFORE DELETE ON regime
BEGIN SELECT RAISE(ABORT, 'labagent rows: regime rows must not be deleted'); END
""",
    "regime_no_replace": """
CREATE TRIGGER regime_no_replace BEFORE INSERT ON regime
WHEN EXISTS (
    SELECT 1 FROM regime
    WHERE (id = NEW.id)
        OR (
            experiment_id = NEW.experiment_id
            AND variable = NEW.variable
            AND event_seq = NEW.event_seq
        )
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: regime rows must not be replaced'); END
""",
    "approval_no_update": """
CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval
BEGIN SELECT RAISE(ABORT, 'labagent rows: approval rows must not be changed'); END
""",
    "approval_no_delete": """
CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval
BEGIN SELECT RAISE(ABORT, 'labagent rows: approval rows must not be deleted'); END
""",
    "approval_no_replace": """
CREATE TRIGGER approval_no_replace BEFORE INSERT ON approval
WHEN EXISTS (
    SELECT 1 FROM approval
    WHERE (id = NEW.id)
        OR (experiment_id = NEW.experiment_id)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: approval rows must not be replaced'); END
""",
    "executor_no_update": """
CREATE TRIGGER executor_no_update BEFORE UPDATE ON executor
BEGIN SELECT RAISE(ABORT, 'labagent rows: executor rows must not be changed'); END
""",
    "executor_no_delete": """
CREATE TRIGGER executor_no_delete BEFORE DELETE ON executor
BEGIN SELECT RAISE(ABORT, 'labagent rows: executor rows must not be deleted'); END
""",
    "executor_no_replace": """
CREATE TRIGGER executor_no_replace BEFORE INSERT ON executor
WHEN EXISTS (
    SELECT 1 FROM executor
    WHERE (id = NEW.id)
        OR (campaign_id = NEW.campaign_id AND name = NEW.name AND sha256 = NEW.sha256)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: executor rows must not be replaced'); END
""",
    "finding_no_update": """
CREATE TRIGGER finding_no_update BEFORE UPDATE ON finding
BEGIN SELECT RAISE(ABORT, 'labagent rows: finding rows must not be changed'); END
""",
    "finding_no_delete": """
CREATE TRIGGER finding_no_delete BEFORE DELETE ON finding
BEGIN SELECT RAISE(ABORT, 'labagent rows: finding rows must not be deleted'); END
""",
    "finding_no_replace": """
CREATE TRIGGER finding_no_replace BEFORE INSERT ON finding
WHEN EXISTS (
    SELECT 1 FROM finding
    WHERE (id = NEW.id)
        OR (campaign_id = NEW.campaign_id AND sha256 = NEW.sha256)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: finding rows must not be replaced'); END
""",
    "artifact_no_update": """
CREATE TRIGGER artifact_no_update BEFORE UPDATE ON artifact
BEGIN SELECT RAISE(ABORT, 'labagent rows: artifact rows must not be changed'); END
""",
    "artifact_no_delete": """
CREATE TRIGGER artifact_no_delete BEFORE DELETE ON artifact
BEGIN SELECT RAISE(ABORT, 'labagent rows: artifact rows must not be deleted'); END
""",
    "artifact_no_replace": """
CREATE TRIGGER artifact_no_replace BEFORE INSERT ON artifact
WHEN EXISTS (
    SELECT 1 FROM artifact
    WHERE (id = NEW.id)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: artifact rows must not be replaced'); END
""",
    "event_no_update": """
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'labagent rows: event rows must not be changed'); END
""",
    "event_no_delete": """
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'labagent rows: event rows must not be deleted'); END
""",
    "event_no_replace": """
CREATE TRIGGER event_no_replace BEFORE INSERT ON event
WHEN EXISTS (
    SELECT 1 FROM event
    WHERE (seq = NEW.seq)
)
BEGIN SELECT RAISE(ABORT, 'labagent rows: event rows must not be replaced'); END
""",
}
"""Rows that are only ever added."""
