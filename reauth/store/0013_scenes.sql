-- What a page of alerts asks for, answered without reading the whole table: lists of one state, kind,
-- client or assignee are walked newest first; a tab that forked, a delivery that has not arrived are few.

CREATE INDEX alert_state_raised ON alert (state, raised_at, id);
CREATE INDEX alert_kind_raised ON alert (kind, raised_at, id);
CREATE INDEX alert_client_raised ON alert (client, raised_at, id);
CREATE INDEX alert_assignee_raised ON alert (COALESCE(assignee, ''), raised_at, id);
CREATE INDEX alert_user_raised ON alert (COALESCE(person, ''), raised_at, id);
CREATE INDEX alert_aside ON alert (raised_at, id) WHERE suppressed = 1 OR test = 1;
CREATE INDEX tab_forked ON tab (person, client) WHERE forked = 1;
CREATE INDEX held_person ON held (person);
CREATE INDEX outbox_unsent ON outbox (sink, state, attempts) WHERE state <> 'delivered';
