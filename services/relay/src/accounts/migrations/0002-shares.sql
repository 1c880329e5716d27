-- Shares: one session of a machine, for one user, or for whoever accepts a link.

create table shares (
  id uuid primary key default gen_random_uuid(),
  machine_id uuid not null references machines on delete cascade,
  session_id uuid not null,
  -- With whom. Null: a link, which gives nothing itself; whoever accepts it gets a share of their own.
  user_id uuid references users on delete cascade,
  -- The link that this share was accepted from: it goes with it.
  link_id uuid references shares on delete cascade,
  -- SHA-256 of a link's token.
  link_hash bytea,
  role text not null check (role in ('viewer', 'driver')),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  check ((user_id is null) = (link_hash is not null))
);

-- Sharing again with the same user replaces what was; accepting a link twice is accepting it once.
create unique index shares_of_user on shares (machine_id, session_id, user_id) where link_id is null and user_id is not null;
create unique index shares_of_link on shares (link_id, user_id) where link_id is not null;
create index shares_user_id on shares (user_id);
create index shares_expires_at on shares (expires_at);
