-- Links that sign somebody in once. A link is gone with its first use.

create table sign_in_links (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  -- SHA-256 of the code.
  code_hash bytea not null unique,
  expires_at timestamptz not null
);

create index sign_in_links_user_id on sign_in_links (user_id);
create index sign_in_links_expires_at on sign_in_links (expires_at);
