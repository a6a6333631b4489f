"""Overrides, merged records, looks at exclusions, and texts to staff

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-22 14:20:25.465156
"""

import sqlalchemy as sa
from alembic import op
from scheduler.models.types import Instant

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('staff_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('staff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('about', sa.String(length=8), nullable=False),
    sa.Column('about_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('send_after', Instant(), nullable=False),
    sa.Column('send_before', Instant(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('claimed_at', Instant(), nullable=True),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.Column('provider_id', sa.String(length=64), nullable=True),
    sa.Column('outcome', sa.String(length=40), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.CheckConstraint("about IN ('alert', 'case')", name=op.f('ck_staff_text_about')),
    sa.CheckConstraint("state IN ('planned', 'claimed', 'accepted', 'sent', 'delivered', 'undelivered', 'failed', 'suppressed', 'expired', 'unknown', 'cancelled')", name=op.f('ck_staff_text_state')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_text_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_text')),
    sa.UniqueConstraint('provider_id', name=op.f('uq_staff_text_provider_id'))
    )
    with op.batch_alter_table('staff_text', schema=None) as batch_op:
        batch_op.create_index('ix_staff_text_about', ['about', 'about_id'], unique=False)
        batch_op.create_index('ix_staff_text_due', ['state', 'send_after'], unique=False)
        batch_op.create_index(batch_op.f('ix_staff_text_staff_id'), ['staff_id'], unique=False)

    op.create_table('client_merge',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kept_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('gone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('moved', sa.LargeBinary(), nullable=False),
    sa.Column('reason', sa.LargeBinary(), nullable=False),
    sa.Column('merged_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merged_at', Instant(), nullable=False),
    sa.Column('split_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('split_at', Instant(), nullable=True),
    sa.Column('split_reason', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint('(split_at IS NULL) = (split_by IS NULL)', name=op.f('ck_client_merge_split')),
    sa.CheckConstraint('kept_id <> gone_id', name=op.f('ck_client_merge_two_records')),
    sa.ForeignKeyConstraint(['gone_id'], ['client.id'], name=op.f('fk_client_merge_gone_id')),
    sa.ForeignKeyConstraint(['kept_id'], ['client.id'], name=op.f('fk_client_merge_kept_id')),
    sa.ForeignKeyConstraint(['merged_by'], ['staff.id'], name=op.f('fk_client_merge_merged_by')),
    sa.ForeignKeyConstraint(['split_by'], ['staff.id'], name=op.f('fk_client_merge_split_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_client_merge'))
    )
    with op.batch_alter_table('client_merge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_client_merge_gone_id'), ['gone_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_client_merge_kept_id'), ['kept_id'], unique=False)
        batch_op.create_index('ix_client_merge_standing', ['split_at', 'merged_at'], unique=False)

    op.create_table('exclusion_look',
    sa.Column('audit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('exclusion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['audit_id'], ['audit_record.id'], name=op.f('fk_exclusion_look_audit_id')),
    sa.ForeignKeyConstraint(['exclusion_id'], ['exclusion.id'], name=op.f('fk_exclusion_look_exclusion_id')),
    sa.PrimaryKeyConstraint('audit_id', 'exclusion_id', name=op.f('pk_exclusion_look'))
    )
    with op.batch_alter_table('exclusion_look', schema=None) as batch_op:
        batch_op.create_index('ix_exclusion_look_exclusion', ['exclusion_id', 'audit_id'], unique=False)

    op.create_table('override',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('client_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('appointment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('choice', sa.LargeBinary(), nullable=True),
    sa.Column('reason', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_at', Instant(), nullable=False),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', Instant(), nullable=True),
    sa.Column('decided_why', sa.LargeBinary(), nullable=True),
    sa.Column('until', Instant(), nullable=False),
    sa.CheckConstraint("(state = 'asked') = (decided_by IS NULL)", name=op.f('ck_override_decided')),
    sa.CheckConstraint("state <> 'given' OR decided_by <> asked_by", name=op.f('ck_override_two_people')),
    sa.CheckConstraint("state IN ('asked', 'given', 'refused')", name=op.f('ck_override_state')),
    sa.CheckConstraint('(case_id IS NULL) <> (choice IS NULL)', name=op.f('ck_override_about')),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointment.id'], name=op.f('fk_override_appointment_id')),
    sa.ForeignKeyConstraint(['asked_by'], ['staff.id'], name=op.f('fk_override_asked_by')),
    sa.ForeignKeyConstraint(['case_id'], ['safety_case.id'], name=op.f('fk_override_case_id')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_override_client_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['staff.id'], name=op.f('fk_override_decided_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_override'))
    )
    with op.batch_alter_table('override', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_override_appointment_id'), ['appointment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_override_case_id'), ['case_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_override_client_id'), ['client_id'], unique=False)
        batch_op.create_index('ix_override_until', ['state', 'until'], unique=False)

    op.create_table('override_clash',
    sa.Column('override_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('times', sa.String(length=140), nullable=False),
    sa.ForeignKeyConstraint(['override_id'], ['override.id'], name=op.f('fk_override_clash_override_id')),
    sa.PrimaryKeyConstraint('override_id', 'subject', name=op.f('pk_override_clash'))
    )
    with op.batch_alter_table('override_clash', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_override_clash_subject'), ['subject'], unique=False)

    # Both databases add the column and its rule in place; a batch would make the table anew, and on SQLite forget its rules.
    whole = 'INTEGER' if op.get_bind().dialect.name == 'sqlite' else 'BIGINT'
    op.execute(
        f'ALTER TABLE client ADD COLUMN merged_into {whole} CONSTRAINT ck_client_merged '
        'CHECK (merged_into IS NULL OR (NOT active AND merged_into <> id))'
    )
    op.create_index('ix_client_merged_into', 'client', ['merged_into'], unique=False)

    op.add_column('safety_case', sa.Column('escalated_at', Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column('safety_case', 'escalated_at')
    op.drop_index('ix_client_merged_into', 'client')
    op.drop_column('client', 'merged_into')

    with op.batch_alter_table('override_clash', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_override_clash_subject'))

    op.drop_table('override_clash')
    with op.batch_alter_table('override', schema=None) as batch_op:
        batch_op.drop_index('ix_override_until')
        batch_op.drop_index(batch_op.f('ix_override_client_id'))
        batch_op.drop_index(batch_op.f('ix_override_case_id'))
        batch_op.drop_index(batch_op.f('ix_override_appointment_id'))

    op.drop_table('override')
    with op.batch_alter_table('exclusion_look', schema=None) as batch_op:
        batch_op.drop_index('ix_exclusion_look_exclusion')

    op.drop_table('exclusion_look')
    with op.batch_alter_table('client_merge', schema=None) as batch_op:
        batch_op.drop_index('ix_client_merge_standing')
        batch_op.drop_index(batch_op.f('ix_client_merge_kept_id'))
        batch_op.drop_index(batch_op.f('ix_client_merge_gone_id'))

    op.drop_table('client_merge')
    with op.batch_alter_table('staff_text', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_text_staff_id'))
        batch_op.drop_index('ix_staff_text_due')
        batch_op.drop_index('ix_staff_text_about')

    op.drop_table('staff_text')
