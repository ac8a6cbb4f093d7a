"""Migrations are run up, down and up, and compared with the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegboard.verification import histories
from pegboard.verification.child import Answer, Task
from pegboard.verification.subject import find_subject
from tests.core.verification.planting import Planted

MIGRATION = "~/migrations/versions/begin.py"


def looked_at(planted: Planted, folder: Path) -> Answer:
    (folder / "instance").mkdir()
    answer = Answer()
    histories.probe(Task(find_subject(planted.name), folder), answer)
    return answer


def test_migrations_that_go_up_down_and_up_are_no_finding(planted: Planted, tmp_path: Path) -> None:
    assert looked_at(planted, tmp_path).findings == []


@pytest.mark.parametrize(
    ("old", "new", "said", "where"),
    [
        ('sa.Column("text", sa.String(), nullable=False),', "", "models and migrations differ: New upgrade op", "~/migrations"),
        ("    op.create_table", "    raise OSError('no disk')\n    op.create_table", "going up raises OSError: no disk", f"{MIGRATION}:9"),
        ('    op.drop_table("{name}_greetings")', "    raise NotImplementedError", "going down raises NotImplementedError", f"{MIGRATION}:19"),
        ("    op.drop_table", "    op.execute('CREATE TABLE {name}_more (id INTEGER)')\n    op.drop_table", "going down leaves {name}_more", "~/migrations"),
        ("    op.create_table", "    op.add_column('files', sa.Column('nick', sa.String()))\n    op.create_table", "going up makes or changes what is not its own: files", "~/migrations"),
        ("    op.create_table", "    op.create_table('scratch', sa.Column('id', sa.Integer()))\n    op.create_table", "going up makes or changes what is not its own: scratch", "~/migrations"),
        ("    op.drop_table", "    op.drop_index('ix_files_owner_created_at')\n    op.drop_table", "going down changes what is not its own: files", "~/migrations"),
    ],
)  # fmt: skip
def test_what_a_migration_does_wrong_is_named(
    planted: Planted, tmp_path: Path, old: str, new: str, said: str, where: str
) -> None:
    planted.change("~/plugin.py", "    Settings =", '    requires = ("files",)\n    Settings =')
    planted.change(MIGRATION, old, new)
    (finding,) = looked_at(planted, tmp_path).findings
    assert said.format(name=planted.name) in finding.what
    assert finding.where == where.replace("~", planted.package.name)


def test_tables_without_a_migration_are_a_finding(planted: Planted, tmp_path: Path) -> None:
    (planted.package / "migrations/versions/begin.py").unlink()
    (finding,) = looked_at(planted, tmp_path).findings
    assert finding.what == f"it has tables ({planted.name}_greetings) and no migration"
    assert finding.remedy == f"pegboard db migrate --plugin {planted.name}"
