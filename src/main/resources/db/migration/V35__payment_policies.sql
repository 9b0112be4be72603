-- What an agency wants done about a client that owes, where nothing was decided about that client alone.
create table payment_policy (
  agency_id   text primary key references agency,
  policy      text not null check (policy in ('warn', 'suspend')),
  grace_hours integer not null check (grace_hours between 0 and 8760)
);
alter table payment_policy enable row level security;
alter table payment_policy force row level security;
create policy one_agency on payment_policy to tallygate_tenant using (agency_id = current_setting('tallygate.agency', true))
  with check (agency_id = current_setting('tallygate.agency', true));
create policy all_agencies on payment_policy to tallygate_system using (true) with check (true);
grant select, insert, update on payment_policy to tallygate_tenant;
grant select on payment_policy to tallygate_system;

-- Where nothing was decided about a client, its policy here is only what held when the row was last written. Until now
-- every row had one, decided or not: what stands at the value that nobody has to choose was chosen by nobody.
alter table client_payment add column decided boolean not null default false;
update client_payment set decided = true where policy <> 'warn' or grace_hours <> 72;

drop index client_payment_owing;
create index client_payment_watched on client_payment (agency_id) where held or owing_since is not null;
