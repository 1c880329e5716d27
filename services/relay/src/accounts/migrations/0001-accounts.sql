-- Users, their machines, and the refresh tokens of their logins.

create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null,
  -- Argon2id. Null: this user has no password here.
  password_hash text,
  -- The first user, and those whom an administrator makes one.
  administrator boolean not null default false,
  created_at timestamptz not null default now()
);

-- As typed when stored, compared without case. Addresses are ASCII: "C" makes lower() mean the same on every server.
create unique index users_email_key on users (lower(email collate "C"));

create table machines (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  name text not null,
  -- SHA-256 of the secret part of the token; the secret itself is nowhere.
  token_hash bytea not null,
  created_at timestamptz not null default now(),
  last_seen timestamptz,
  unique (user_id, name)
);

create table refresh_tokens (
  -- The `jti` of the token.
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  -- The family: every token that came from one login. A login is open while one of its tokens is unused.
  login_id uuid not null,
  -- SHA-256 of the whole token.
  token_hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- Kept until it expires, so that a second use is recognised.
  used_at timestamptz
);

create index refresh_tokens_user_id on refresh_tokens (user_id);
create index refresh_tokens_login_id on refresh_tokens (login_id);
create index refresh_tokens_expires_at on refresh_tokens (expires_at);
