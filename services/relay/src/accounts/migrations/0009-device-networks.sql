-- Whose network a device asks from: an address, or of IPv6 the network of 64 bits. One network may have so many at once.

alter table device_requests add column network text not null default '';

create index device_requests_network on device_requests (network, expires_at);
