BEGIN TRANSACTION;
CREATE TABLE access_tokens (
	digest VARCHAR NOT NULL, 
	client_id VARCHAR NOT NULL, 
	expires INTEGER NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE event_queries (
	"queryId" VARCHAR NOT NULL, 
	"incidentId" INTEGER NOT NULL, 
	PRIMARY KEY ("queryId")
);
CREATE TABLE gui_sessions (
	digest VARCHAR NOT NULL, 
	token VARCHAR NOT NULL, 
	login VARCHAR NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE incident_queries (
	"queryId" VARCHAR NOT NULL, 
	caller VARCHAR NOT NULL, 
	listing JSON NOT NULL, 
	asked JSON NOT NULL, 
	PRIMARY KEY ("queryId")
);
CREATE TABLE incidents (
	"incidentId" INTEGER NOT NULL, 
	"phCustId" INTEGER NOT NULL, 
	"incidentTitle" VARCHAR NOT NULL, 
	"eventType" VARCHAR NOT NULL, 
	"eventName" VARCHAR NOT NULL, 
	"eventSeverity" INTEGER NOT NULL, 
	"eventSeverityCat" VARCHAR NOT NULL, 
	"phIncidentCategory" INTEGER NOT NULL, 
	"phSubIncidentCategory" VARCHAR NOT NULL, 
	"incidentFirstSeen" INTEGER NOT NULL, 
	"incidentLastSeen" INTEGER NOT NULL, 
	"incidentRptIp" VARCHAR NOT NULL, 
	"incidentRptDevName" VARCHAR NOT NULL, 
	"incidentSrc" VARCHAR NOT NULL, 
	"incidentTarget" VARCHAR NOT NULL, 
	"incidentDetail" VARCHAR NOT NULL, 
	"attackTactic" VARCHAR NOT NULL, 
	"attackTechnique" VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	"incidentStatus" INTEGER NOT NULL, 
	"incidentReso" INTEGER NOT NULL, 
	"incidentClearedTime" INTEGER NOT NULL, 
	"incidentClearedUser" VARCHAR NOT NULL, 
	"incidentClearedReason" VARCHAR NOT NULL, 
	"incidentComments" VARCHAR NOT NULL, 
	"incidentExtUser" VARCHAR NOT NULL, 
	"incidentExtTicketId" VARCHAR NOT NULL, 
	"incidentExtTicketState" VARCHAR NOT NULL, 
	"incidentExtTicketType" VARCHAR NOT NULL, 
	"incidentExtClearedTime" INTEGER NOT NULL, 
	"actionStatus" VARCHAR NOT NULL, 
	PRIMARY KEY ("incidentId"), 
	FOREIGN KEY("phCustId") REFERENCES organizations ("domainId")
);
INSERT INTO "incidents" VALUES(1,1,'Brute force login success on dc-01.example.com','PH_RULE_BRUTE_FORCE_LOGIN_SUCCESS','Brute Force Login Success',9,'HIGH',4,'Credential Access',1795838233545,1795840333545,'192.0.2.10','dc-01.example.com','srcIpAddr:198.51.100.23, user:jdoe,','hostIpAddr:192.0.2.10, hostName:dc-01.example.com,','failureCount:148, ','Credential Access','[{"name": "Brute Force: Password Guessing", "techniqueid": "T1110.001"}]',12,0,1,0,'','','Kept comment','','','','',0,'');
INSERT INTO "incidents" VALUES(2,1,'SNMP service down on sw-core-02.example.com','PH_RULE_SNMP_DOWN','SNMP Service Unavailable',10,'HIGH',1,'Network',1795793833545,1795839433545,'192.0.2.54','sw-core-02.example.com','','hostIpAddr:192.0.2.54, hostName:sw-core-02.example.com,','','Impact','[{"name": "Service Stop", "techniqueid": "T1489"}]',54,0,1,0,'','','','','','','',0,'');
INSERT INTO "incidents" VALUES(3,1,'CPU critical on db-01.example.com','PH_RULE_SERVER_CPU_CRIT','Server CPU Critical',7,'MEDIUM',2,'Server',1795667833545,1795671433545,'192.0.2.31','db-01.example.com','','hostIpAddr:192.0.2.31, hostName:db-01.example.com,','cpuUtil:97.4, ','','',4,1,1,1795675033545,'System','Clear condition met','','','','','',0,'');
INSERT INTO "incidents" VALUES(4,1,'Running configuration changed on fw-01.example.com','PH_RULE_CONFIG_CHANGE_FROM_BASELINE','Running Config Changed From Baseline',5,'MEDIUM',3,'Network',1795581433545,1795581433545,'192.0.2.1','fw-01.example.com','user:netops,','hostIpAddr:192.0.2.1, hostName:fw-01.example.com,','','','',1,2,3,1795585033545,'admin','Planned change','Planned change','netops','4711','CLOSED','LOW',0,'');
INSERT INTO "incidents" VALUES(5,1,'Licence of sensor-03.example.com expires soon','PH_RULE_LICENSE_EXPIRING','License Expiring',3,'LOW',5,'Licensing',1795322233545,1795495033545,'192.0.2.77','sensor-03.example.com','','hostIpAddr:192.0.2.77, hostName:sensor-03.example.com,','','','',3,3,1,1795581433545,'System','','','','','','',0,'');
INSERT INTO "incidents" VALUES(6,2000,'Malware found on laptop-17.acme.example','PH_RULE_MALWARE_FOUND','Malware Found By Endpoint Protection',8,'MEDIUM',4,'Execution',1795829833545,1795833433545,'203.0.113.17','laptop-17.acme.example','user:asmith,','hostIpAddr:203.0.113.17, hostName:laptop-17.acme.example,','malwareName:EICAR-Test-File, ','Execution','[{"name": "User Execution: Malicious File", "techniqueid": "T1204.002"}]',2,0,1,0,'','','','','','','',0,'');
INSERT INTO "incidents" VALUES(7,1,'SQL injection against shop.example.com','PH_RULE_WEB_SQL_INJECTION','SQL Injection Attack',6,'MEDIUM',4,'Initial Access',1795835233545,1795838833545,'192.0.2.8','waf-01.example.com','srcIpAddr:2001:db8:51::23, srcMACAddr:00:00:5e:00:53:af,','destIpAddr:192.0.2.80, destIpAddr:2001:db8:80::1, hostName:shop.example.com,','infoURL:https://shop.example.com:8443/login.php?next=/admin&id=1, attackCount:7, ','Initial Access','[{"name": "Exploit Public-Facing Application", "techniqueid": "T1190"}]',7,0,1,0,'','','','','','','',0,'');
CREATE TABLE made_clients (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	client_id VARCHAR NOT NULL, 
	secret VARCHAR NOT NULL, 
	login VARCHAR NOT NULL, 
	made INTEGER NOT NULL, 
	token_minutes INTEGER NOT NULL, 
	secret_minutes INTEGER NOT NULL, 
	revoked BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (client_id)
);
CREATE TABLE organizations (
	"domainId" INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	initialized BOOLEAN NOT NULL, 
	created INTEGER NOT NULL, 
	PRIMARY KEY ("domainId")
);
INSERT INTO "organizations" VALUES(0,'system',0,1788064633545);
INSERT INTO "organizations" VALUES(1,'Super',1,1788064633545);
INSERT INTO "organizations" VALUES(2,'service',0,1788064633545);
INSERT INTO "organizations" VALUES(2000,'Acme',1,1788064633545);
CREATE TABLE token_requests (
	client_id VARCHAR NOT NULL, 
	last INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	blocked_until INTEGER NOT NULL, 
	PRIMARY KEY (client_id)
);
CREATE TABLE triggering_event_queries (
	"queryId" INTEGER NOT NULL, 
	caller VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	"incidentId" INTEGER NOT NULL, 
	since INTEGER, 
	until INTEGER, 
	size INTEGER NOT NULL, 
	started INTEGER NOT NULL, 
	asked INTEGER NOT NULL, 
	read BOOLEAN NOT NULL, 
	PRIMARY KEY ("queryId")
);
CREATE TABLE triggering_events (
	"eventId" BIGINT NOT NULL, 
	"incidentId" INTEGER NOT NULL, 
	"eventType" VARCHAR NOT NULL, 
	"receiveTime" INTEGER NOT NULL, 
	"rawMessage" VARCHAR NOT NULL, 
	attributes JSON NOT NULL, 
	PRIMARY KEY ("eventId"), 
	FOREIGN KEY("incidentId") REFERENCES incidents ("incidentId")
);
INSERT INTO "triggering_events" VALUES(6482650188627892238,1,'Win-Security-4625',1795840273545,'<13>Nov 28 04:31:13 dc-01.example.com AgentDevice=WindowsLog EventID=4625 Message="An account failed to log on." TargetUserName=jdoe IpAddress=198.51.100.23 IpPort=50112','{"Event Type": "Win-Security-4625", "Reporting IP": "192.0.2.10", "Reporting Device": "dc-01.example.com", "Event Severity": "5", "User": "jdoe", "Source IP": "198.51.100.23"}');
INSERT INTO "triggering_events" VALUES(6482650188627892239,1,'Win-Security-4625',1795840303545,'<13>Nov 28 04:31:43 dc-01.example.com AgentDevice=WindowsLog EventID=4625 Message="An account failed to log on." TargetUserName=jdoe IpAddress=198.51.100.23 IpPort=50118','{"Event Type": "Win-Security-4625", "Reporting IP": "192.0.2.10", "Reporting Device": "dc-01.example.com", "Event Severity": "5", "User": "jdoe", "Source IP": "198.51.100.23"}');
INSERT INTO "triggering_events" VALUES(6482650188627892240,1,'Win-Security-4624',1795840333545,'<13>Nov 28 04:32:13 dc-01.example.com AgentDevice=WindowsLog EventID=4624 Message="An account was successfully logged on." TargetUserName=jdoe IpAddress=198.51.100.23 IpPort=50121','{"Event Type": "Win-Security-4624", "Reporting IP": "192.0.2.10", "Reporting Device": "dc-01.example.com", "Event Severity": "1", "User": "jdoe", "Source IP": "198.51.100.23"}');
INSERT INTO "triggering_events" VALUES(6482650188627892241,2,'PH_DEV_MON_SNMP_DOWN',1795839403545,'<174>Nov 28 04:16:43 super-01 phPerfMonitor: [PH_DEV_MON_SNMP_DOWN]:[eventSeverity]=PHL_CRITICAL,[hostName]=sw-core-02.example.com,[hostIpAddr]=192.0.2.54,[phLogDetail]=SNMP request timed out','{"Event Type": "PH_DEV_MON_SNMP_DOWN", "Reporting IP": "192.0.2.54", "Reporting Device": "sw-core-02.example.com", "Event Severity": "9", "Host Name": "sw-core-02.example.com", "Host IP": "192.0.2.54"}');
INSERT INTO "triggering_events" VALUES(6482650188627892242,2,'PH_DEV_MON_SNMP_DOWN',1795839433545,'<174>Nov 28 04:17:13 super-01 phPerfMonitor: [PH_DEV_MON_SNMP_DOWN]:[eventSeverity]=PHL_CRITICAL,[hostName]=sw-core-02.example.com,[hostIpAddr]=192.0.2.54,[phLogDetail]=SNMP request timed out','{"Event Type": "PH_DEV_MON_SNMP_DOWN", "Reporting IP": "192.0.2.54", "Reporting Device": "sw-core-02.example.com", "Event Severity": "9", "Host Name": "sw-core-02.example.com", "Host IP": "192.0.2.54"}');
INSERT INTO "triggering_events" VALUES(6482650188627892243,3,'PH_DEV_MON_SYS_CPU_UTIL',1795671373545,'<174>Nov 26 05:36:13 super-01 phPerfMonitor: [PH_DEV_MON_SYS_CPU_UTIL]:[eventSeverity]=PHL_INFO,[hostName]=db-01.example.com,[hostIpAddr]=192.0.2.31,[cpuUtil]=96.1,[pollIntv]=180','{"Event Type": "PH_DEV_MON_SYS_CPU_UTIL", "Reporting IP": "192.0.2.31", "Reporting Device": "db-01.example.com", "Event Severity": "1", "Host Name": "db-01.example.com", "Host IP": "192.0.2.31"}');
INSERT INTO "triggering_events" VALUES(6482650188627892244,3,'PH_DEV_MON_SYS_CPU_UTIL',1795671403545,'<174>Nov 26 05:36:43 super-01 phPerfMonitor: [PH_DEV_MON_SYS_CPU_UTIL]:[eventSeverity]=PHL_INFO,[hostName]=db-01.example.com,[hostIpAddr]=192.0.2.31,[cpuUtil]=98.7,[pollIntv]=180','{"Event Type": "PH_DEV_MON_SYS_CPU_UTIL", "Reporting IP": "192.0.2.31", "Reporting Device": "db-01.example.com", "Event Severity": "1", "Host Name": "db-01.example.com", "Host IP": "192.0.2.31"}');
INSERT INTO "triggering_events" VALUES(6482650188627892245,3,'PH_DEV_MON_SYS_CPU_UTIL',1795671433545,'<174>Nov 26 05:37:13 super-01 phPerfMonitor: [PH_DEV_MON_SYS_CPU_UTIL]:[eventSeverity]=PHL_INFO,[hostName]=db-01.example.com,[hostIpAddr]=192.0.2.31,[cpuUtil]=97.4,[pollIntv]=180','{"Event Type": "PH_DEV_MON_SYS_CPU_UTIL", "Reporting IP": "192.0.2.31", "Reporting Device": "db-01.example.com", "Event Severity": "1", "Host Name": "db-01.example.com", "Host IP": "192.0.2.31"}');
INSERT INTO "triggering_events" VALUES(6482650188627892246,4,'FortiGate-event-config',1795581433545,'<189>Nov 25 04:37:13 fw-01.example.com devname="fw-01" type="event" subtype="system" level="notice" logdesc="Attribute configured" user="netops" ui="ssh(192.0.2.66)" action="Edit" cfgpath="firewall.policy"','{"Event Type": "FortiGate-event-config", "Reporting IP": "192.0.2.1", "Reporting Device": "fw-01.example.com", "Event Severity": "3", "User": "netops", "Source IP": "192.0.2.66"}');
INSERT INTO "triggering_events" VALUES(6482650188627892247,5,'PH_SYSTEM_LICENSE_EXPIRING',1795495033545,'<172>Nov 24 04:37:13 super-01 phMonitor: [PH_SYSTEM_LICENSE_EXPIRING]:[eventSeverity]=PHL_WARNING,[hostName]=sensor-03.example.com,[phLogDetail]=Licence ends in 14 days','{"Event Type": "PH_SYSTEM_LICENSE_EXPIRING", "Reporting IP": "192.0.2.77", "Reporting Device": "sensor-03.example.com", "Event Severity": "4", "Host Name": "sensor-03.example.com"}');
INSERT INTO "triggering_events" VALUES(6482650188627892248,6,'Endpoint-Malware-Found',1795833403545,'<132>Nov 28 02:36:43 laptop-17.acme.example CEF:0|Example|Endpoint Protection|9.2|1001|Malware found|8|suser=asmith dhost=laptop-17.acme.example fname=eicar.com act=quarantined cs1=EICAR-Test-File','{"Event Type": "Endpoint-Malware-Found", "Reporting IP": "203.0.113.17", "Reporting Device": "laptop-17.acme.example", "Event Severity": "8", "User": "asmith", "Host Name": "laptop-17.acme.example"}');
INSERT INTO "triggering_events" VALUES(6482650188627892249,6,'Endpoint-Malware-Found',1795833433545,'<132>Nov 28 02:37:13 laptop-17.acme.example CEF:0|Example|Endpoint Protection|9.2|1001|Malware found|8|suser=asmith dhost=laptop-17.acme.example fname=eicar.com act=quarantined cs1=EICAR-Test-File','{"Event Type": "Endpoint-Malware-Found", "Reporting IP": "203.0.113.17", "Reporting Device": "laptop-17.acme.example", "Event Severity": "8", "User": "asmith", "Host Name": "laptop-17.acme.example"}');
INSERT INTO "triggering_events" VALUES(6482650188627892250,7,'FortiWeb-SQL-Injection',1795838803545,'<185>Nov 28 04:06:43 waf-01.example.com type="attack" main_type="SQL Injection" src="2001:db8:51::23" dst="192.0.2.80" src_mac="00:00:5e:00:53:af" http_url="/login.php?next=/admin&id=1" http_host="shop.example.com:8443"','{"Event Type": "FortiWeb-SQL-Injection", "Reporting IP": "192.0.2.8", "Reporting Device": "waf-01.example.com", "Event Severity": "8", "Source IP": "2001:db8:51::23", "Destination IP": "192.0.2.80", "Source MAC": "00:00:5e:00:53:af", "URI Stem": "/login.php"}');
INSERT INTO "triggering_events" VALUES(6482650188627892251,7,'FortiWeb-SQL-Injection',1795838833545,'<185>Nov 28 04:07:13 waf-01.example.com type="attack" main_type="SQL Injection" src="2001:db8:51::23" dst="2001:db8:80::1" src_mac="00:00:5e:00:53:af" http_url="/login.php?next=/admin&id=1" http_host="shop.example.com:8443"','{"Event Type": "FortiWeb-SQL-Injection", "Reporting IP": "192.0.2.8", "Reporting Device": "waf-01.example.com", "Event Severity": "8", "Source IP": "2001:db8:51::23", "Destination IP": "2001:db8:80::1", "Source MAC": "00:00:5e:00:53:af", "URI Stem": "/login.php"}');
CREATE INDEX "ix_triggering_events_incidentId" ON triggering_events ("incidentId");
COMMIT;
