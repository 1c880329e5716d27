-- What happened to accounts, machines and sessions, for their owners to read.

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  -- Whose account, or whose machine, it is about.
  owner_id uuid not null references users on delete cascade,
  -- Who did it; null: nobody who is known.
  actor_id uuid references users on delete set null,
  action text not null,
  address text not null,
  -- Kept also when the machine is gone.
  machine_id uuid,
  session_id uuid,
  details jsonb not null
);

create index audit_owner_id on audit (owner_id, id);
create index audit_at on audit (at);
