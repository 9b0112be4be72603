-- The application works under two roles, neither superuser nor owner (docs/operating.md, "Rights"):
-- tallygate_tenant serves one agency at a time, held by row security to the agency named in the
-- transaction; tallygate_system serves ledger, outbox and key look-up over all agencies.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['tallygate_tenant', 'tallygate_system'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin', wanted);
      exception when insufficient_privilege then
        raise exception 'The role % does not exist and % may not create it', wanted, current_user
          using hint = format('As an administrator run: create role %I nologin; grant %I to %I;', wanted, wanted, current_user);
      end;
    end if;
    if not pg_has_role(current_user, wanted, 'member') then
      execute format('grant %I to %I', wanted, current_user);
    end if;
    execute format('grant usage on schema %I to %I', current_schema(), wanted);
  end loop;
end
$$;
