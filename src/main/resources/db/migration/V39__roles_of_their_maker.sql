-- From PostgreSQL 16 on, a user who may create roles and is no superuser administers those that it made, and may neither
-- use nor take them on until it grants them to itself (https://www.postgresql.org/docs/16/sql-createrole.html). V1 took
-- the one for the other.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['tallygate_tenant', 'tallygate_system'] loop
    if not pg_has_role(current_user, wanted, 'usage') then
      execute format('grant %I to %I', wanted, current_user);
    end if;
  end loop;
end
$$;
