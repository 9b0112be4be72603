-- The accounts of a lane, whatever is due: cutting and reconciling read them, and went through all accounts for it.
create index account_of_lane on account (lane_id) where lane_id is not null;
