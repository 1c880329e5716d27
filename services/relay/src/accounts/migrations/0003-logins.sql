-- Logins as things of their own: a person sees theirs, and ends one. Its refresh tokens go with it.

create table logins (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  -- That of its latest refresh token.
  expires_at timestamptz not null,
  -- What the program that logged in called itself, and where it was when it was last heard of.
  client text not null default '',
  address text not null default ''
);

create index logins_user_id on logins (user_id);
create index logins_expires_at on logins (expires_at);

insert into logins (id, user_id, created_at, last_used_at, expires_at)
select login_id, user_id, min(created_at), max(created_at), max(expires_at) from refresh_tokens group by login_id, user_id;

alter table refresh_tokens add constraint refresh_tokens_login foreign key (login_id) references logins on delete cascade;
