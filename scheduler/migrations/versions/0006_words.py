"""The words of texts, as managers set them

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-22 17:50:00.000000
"""

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
