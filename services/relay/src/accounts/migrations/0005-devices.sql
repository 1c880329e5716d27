-- Devices that ask to be let in: each shows a short code, which somebody who is logged in approves.

create table device_requests (
  id uuid primary key,
  -- SHA-256 of the code that people type, and of the secret with which the device asks for the outcome.
  code_hash bytea not null unique,
  secret_hash bytea not null,
  -- The name of the machine that asks for a token; null: a person asks for a login.
  machine_name text,
  -- As the device called itself, and where it was.
  client text not null,
  address text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  -- Who decided, and what. A machine of that name may have been there: `replace` says that its token goes.
  user_id uuid references users on delete cascade,
  approved boolean,
  replace boolean not null default false
);

create index device_requests_expires_at on device_requests (expires_at);
