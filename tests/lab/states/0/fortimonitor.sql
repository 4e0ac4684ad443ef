BEGIN TRANSACTION;
CREATE TABLE agent_resource (
	id INTEGER NOT NULL, 
	server_id INTEGER NOT NULL, 
	type_id INTEGER NOT NULL, 
	severity VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(server_id) REFERENCES server (id), 
	FOREIGN KEY(type_id) REFERENCES agent_resource_type (id)
);
INSERT INTO "agent_resource" VALUES(82005,1001,11,'warning');
INSERT INTO "agent_resource" VALUES(82100,1001,12,'critical');
INSERT INTO "agent_resource" VALUES(82101,1003,12,'critical');
INSERT INTO "agent_resource" VALUES(82102,1004,12,'critical');
CREATE TABLE agent_resource_type (
	id INTEGER NOT NULL, 
	category VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	platform VARCHAR NOT NULL, 
	plugin_textkey VARCHAR NOT NULL, 
	resource_textkey VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	custom BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "agent_resource_type" VALUES(11,'CPU','CPU usage','linux','cpu_usage','usage_percentage','percent',0);
INSERT INTO "agent_resource_type" VALUES(12,'FortiSOAR','FortiSOAR incident','all','fortisoar.bridge','fortisoar.incident','',1);
CREATE TABLE notification (
	id INTEGER NOT NULL, 
	outage_sequence INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	who_id INTEGER NOT NULL, 
	message VARCHAR, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(outage_sequence) REFERENCES outage (sequence), 
	FOREIGN KEY(who_id) REFERENCES person (id)
);
CREATE TABLE outage (
	sequence INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	type VARCHAR NOT NULL, 
	custom BOOLEAN NOT NULL, 
	server_id INTEGER NOT NULL, 
	resource_id INTEGER, 
	description VARCHAR NOT NULL, 
	incident_metadata JSON NOT NULL, 
	added_metadata JSON NOT NULL, 
	metadata_rendered BOOLEAN NOT NULL, 
	summary VARCHAR NOT NULL, 
	tags JSON NOT NULL, 
	severity VARCHAR NOT NULL, 
	start_time DATETIME NOT NULL, 
	end_time DATETIME, 
	auto_close_duration INTEGER, 
	closes_at DATETIME, 
	shown_from DATETIME, 
	alerts_delayed_until DATETIME, 
	acknowledged_by_id INTEGER, 
	lead_id INTEGER, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (id), 
	FOREIGN KEY(server_id) REFERENCES server (id), 
	FOREIGN KEY(resource_id) REFERENCES agent_resource (id), 
	FOREIGN KEY(acknowledged_by_id) REFERENCES person (id), 
	FOREIGN KEY(lead_id) REFERENCES person (id), 
	UNIQUE (hash)
);
INSERT INTO "outage" VALUES(1,2001,'outage',0,1002,NULL,'HTTPS: connection refused','{}','[]',1,'','[]','critical','2026-11-26 04:37:13.000000','2026-11-26 04:49:13.000000',NULL,NULL,NULL,NULL,NULL,NULL,'84e9de7d9978870');
INSERT INTO "outage" VALUES(2,-3001,'anomaly',0,1001,82005,'CPU usage above 90 percent','{}','[]',1,'','[]','warning','2026-11-27 04:37:13.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'ce9a3718b0d2366');
INSERT INTO "outage" VALUES(3,2002,'outage',0,1002,NULL,'Ping: no answer','{}','[]',1,'','[]','critical','2026-11-28 02:37:13.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'ab9e29f151367e8');
INSERT INTO "outage" VALUES(4,-1000001,'anomaly',1,1001,82100,'Kept incident','{}','[]',1,'','[]','critical','2026-11-28 04:37:15.000000',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'7eba15608634f75');
CREATE TABLE outage_log (
	id INTEGER NOT NULL, 
	outage_sequence INTEGER NOT NULL, 
	entry VARCHAR NOT NULL, 
	public BOOLEAN NOT NULL, 
	user_id INTEGER, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(outage_sequence) REFERENCES outage (sequence), 
	FOREIGN KEY(user_id) REFERENCES person (id)
);
INSERT INTO "outage_log" VALUES(1,1,'Outage resolved',0,NULL,'2026-11-26 04:49:13.000000');
CREATE TABLE person (
	id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	username VARCHAR NOT NULL, 
	display_name VARCHAR NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "person" VALUES(501,'user','oncall@example.com','On call','2025-11-28 04:37:13.000000');
INSERT INTO "person" VALUES(502,'user','soar@example.com','FortiSOAR','2025-11-28 04:37:13.000000');
INSERT INTO "person" VALUES(601,'contact','night-shift@example.com','Night shift','2025-11-28 04:37:13.000000');
CREATE TABLE server (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	fqdn VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	tags JSON NOT NULL, 
	group_id INTEGER NOT NULL, 
	group_name VARCHAR NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "server" VALUES(1001,'Web frontend','web-01.example.com','active','["web"]',430037,'Default Server Group','2025-11-28 04:37:13.000000');
INSERT INTO "server" VALUES(1002,'Database','db-01.example.com','active','["db"]',430037,'Default Server Group','2025-11-28 04:37:13.000000');
INSERT INTO "server" VALUES(1003,'Mail relay','mail-01.example.com','active','["mail"]',430037,'Default Server Group','2025-11-28 04:37:13.000000');
INSERT INTO "server" VALUES(1004,'Mail relay','mail-02.example.com','active','["mail"]',430037,'Default Server Group','2025-11-28 04:37:13.000000');
INSERT INTO "server" VALUES(1005,'Web frontend staging','web-staging-01.example.com','active','["web"]',430037,'Default Server Group','2025-11-28 04:37:13.000000');
CREATE INDEX outage_by_closing ON outage (closes_at);
CREATE INDEX outage_by_start ON outage (start_time);
CREATE INDEX outage_by_server ON outage (server_id, start_time);
CREATE INDEX outage_by_custom ON outage (custom);
CREATE INDEX outage_by_end ON outage (end_time, start_time);
CREATE INDEX ix_outage_log_outage_sequence ON outage_log (outage_sequence);
CREATE INDEX ix_notification_outage_sequence ON notification (outage_sequence);
COMMIT;
