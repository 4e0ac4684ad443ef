BEGIN TRANSACTION;
CREATE TABLE configuration (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	config_id VARCHAR NOT NULL, 
	connector_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	"default" BOOLEAN NOT NULL, 
	"values" JSON NOT NULL, 
	status INTEGER NOT NULL, 
	teams JSON NOT NULL, 
	health_status JSON NOT NULL, 
	UNIQUE (name, connector_id, agent), 
	UNIQUE (config_id), 
	FOREIGN KEY(connector_id) REFERENCES connector (id)
);
CREATE TABLE connector (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uuid VARCHAR NOT NULL, 
	serial VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	info JSON NOT NULL, 
	active BOOLEAN NOT NULL, 
	agent VARCHAR NOT NULL, 
	requirements VARCHAR NOT NULL, 
	collection VARCHAR, 
	created VARCHAR NOT NULL, 
	modified VARCHAR NOT NULL, 
	UNIQUE (name, version)
);
CREATE TABLE data_import (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	configuration VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	UNIQUE (configuration)
);
CREATE TABLE macro (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	default_value VARCHAR NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "macro" VALUES(1,'kept','v','');
CREATE TABLE manual_input (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	created DATETIME NOT NULL, 
	arguments JSON NOT NULL, 
	FOREIGN KEY(run) REFERENCES run (id) ON DELETE CASCADE
);
CREATE TABLE record (
	module VARCHAR NOT NULL, 
	uuid VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	document JSON NOT NULL, 
	created DOUBLE NOT NULL, 
	modified DOUBLE NOT NULL, 
	deleted DOUBLE, 
	PRIMARY KEY (module, uuid)
);
INSERT INTO "record" VALUES('people','5c8e7f0a4d1b43a29b6f2c7d90e1a3b4',1,'{"firstname": "CS", "lastname": "Admin", "csActive": true, "createUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4", "modifyUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('teams','7d1a4c52-0c2f-4b52-9a43-5f0a3b1f6e77',1,'{"name": "SOC Team", "createUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4", "modifyUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','4e80cba3-032f-48b4-ac03-17e3ec247aac',1,'{"name": "Severity", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','33e964a9-d607-49f2-813c-7ce46141815a',2,'{"name": "AlertStatus", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','2f9ed741-25fe-475a-9f12-64336288eebf',3,'{"name": "AlertState", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','a7087b9c-5660-495f-a8ac-c3b198ddb8c2',4,'{"name": "AlertType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','fe36a8f2-fcba-4221-b4ab-1081f596b153',5,'{"name": "SLAState", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','e131cc54-9ae4-43c9-b830-af6e331fe024',6,'{"name": "EscalatedToIncident", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','06632181-28d5-5cd2-b146-71bb63144278',7,'{"name": "YesNo", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','4ebacea1-88cd-4ea8-9dcc-385bea42cc59',8,'{"name": "ClosureReason", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','324acb5d-39c7-58d6-8926-793993520d19',9,'{"name": "DeviceType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','480ba995-6c75-5c41-9aeb-c42790325eb8',10,'{"name": "EmailClassification", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','28843f19-9031-59a2-b583-f1a115318528',11,'{"name": "IncidentStatus", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','6bda12b2-854d-569d-a163-ef33cb65252f',12,'{"name": "IncidentCategory", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','9fd08345-cf68-5bee-9704-dc8d315faf44',13,'{"name": "IncidentPhase", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','4f344dca-d696-5192-b414-cc5fb2d1d329',14,'{"name": "DeliveryVector", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','dcc2ee23-6bbc-50a1-8057-b350a5640b7d',15,'{"name": "KillChainPhases", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','d35fc541-7153-5693-91c7-3491b96a3e63',16,'{"name": "IndicatorType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','e75ed3c3-9f23-4a43-832b-0daf236209ba',17,'{"name": "IndicatorReputation", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','41d5146e-c882-4bfb-abdf-8e2d16c1895f',18,'{"name": "ThreatIntelFeedType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','40f1345f-f679-43c0-9237-5b06edd8385f',19,'{"name": "TrafficLightProtocol", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','0e4415e9-dba4-5651-bd54-2e4fb907ee37',20,'{"name": "TaskStatus", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','dbfac4ec-cdcc-5118-952c-1307e66dc834',21,'{"name": "TaskPriority", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','ca556a20-1b21-5f61-ad42-b0ba8534d768',22,'{"name": "TaskType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','b67641ad-6eb9-52d6-bc49-8200c5c4eaed',23,'{"name": "CommentType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','4c20d184-6574-5e75-9469-1768a52793e3',24,'{"name": "AttachmentType", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklist_names','10a05829-2fb5-52d6-a4fb-585807d62beb',25,'{"name": "WarroomStatus", "system": false}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','0d609b08-45e0-469f-8910-41145c0b7c03',1,'{"itemValue": "Minimal", "orderIndex": 0, "color": "#42C5F3", "listName": "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','58d0753f-f7e4-403b-953c-b0f521eab759',2,'{"itemValue": "Low", "orderIndex": 1, "color": "#16A34A", "listName": "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b3c20a3a-ecfd-4adc-a225-0205968e6793',3,'{"itemValue": "Medium", "orderIndex": 2, "color": "#D9BC00", "listName": "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','40187287-89fc-4e9c-b717-e9443d57eedb',4,'{"itemValue": "High", "orderIndex": 3, "color": "#F06105", "listName": "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','7efa2220-39bb-44e4-961f-ac368776e3b0',5,'{"itemValue": "Critical", "orderIndex": 4, "color": "#B22222", "listName": "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','7de816ff-7140-4ee5-bd05-93ce22002146',6,'{"itemValue": "Open", "orderIndex": 1, "color": "#264EA1", "listName": "/api/3/picklist_names/33e964a9-d607-49f2-813c-7ce46141815a"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','758925e7-629c-46d8-89db-fb36f5fbe88a',7,'{"itemValue": "Investigating", "orderIndex": 2, "color": "#25A5AE", "listName": "/api/3/picklist_names/33e964a9-d607-49f2-813c-7ce46141815a"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a53d5465-75a6-4b7a-8144-4eccc23cea4a',8,'{"itemValue": "Pending", "orderIndex": 3, "color": "#D9BC00", "listName": "/api/3/picklist_names/33e964a9-d607-49f2-813c-7ce46141815a"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','fac53e73-8d16-4189-98d5-95fbd1555232',9,'{"itemValue": "Closed", "orderIndex": 4, "color": "#596374", "listName": "/api/3/picklist_names/33e964a9-d607-49f2-813c-7ce46141815a"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','891fb9d5-556c-44c6-9f7d-94a27dec732e',10,'{"itemValue": "Re-Opened", "orderIndex": 5, "color": "#F19C3F", "listName": "/api/3/picklist_names/33e964a9-d607-49f2-813c-7ce46141815a"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a1bac09b-1441-45aa-ad1b-c88744e48e72',11,'{"itemValue": "New", "orderIndex": 0, "listName": "/api/3/picklist_names/2f9ed741-25fe-475a-9f12-64336288eebf"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','fea49dc3-8c5d-547e-b78a-8ac8c85c2d3f',12,'{"itemValue": "Extracting Indicators", "orderIndex": 1, "listName": "/api/3/picklist_names/2f9ed741-25fe-475a-9f12-64336288eebf"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','1c0d123a-e6ba-5117-9041-ccb87bee4c01',13,'{"itemValue": "Indicator Extracted", "orderIndex": 2, "listName": "/api/3/picklist_names/2f9ed741-25fe-475a-9f12-64336288eebf"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b080aef8-1c98-5f43-96cf-5e5074bc6064',14,'{"itemValue": "Enrichment Completed", "orderIndex": 3, "listName": "/api/3/picklist_names/2f9ed741-25fe-475a-9f12-64336288eebf"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2461294c-34fd-59ed-8748-12829c397206',15,'{"itemValue": "Actionable Threat Feeds", "orderIndex": 0, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','0011e0ac-413f-58f9-901b-75363a224ea7',16,'{"itemValue": "Brute Force Attempts", "orderIndex": 1, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f42229a6-68b0-5926-b249-7c0ff24278fe',17,'{"itemValue": "Command & Control", "orderIndex": 2, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','17a209dc-0bc6-5171-b426-0212d788bf66',18,'{"itemValue": "Command and Control", "orderIndex": 3, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ee576e08-0e29-575f-8eba-ce7a83f69b27',19,'{"itemValue": "Compliance", "orderIndex": 4, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','4d2f1123-9a7e-5fd7-9d66-f8f8e2fee41d',20,'{"itemValue": "Concurrent Login", "orderIndex": 5, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','50a361c3-99eb-58f0-adda-cc9026f07e12',21,'{"itemValue": "Data Exfiltration", "orderIndex": 6, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','7a074145-52d4-5427-8808-efa469d57e50',22,'{"itemValue": "Data Loss", "orderIndex": 7, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','499919cd-868b-51da-9ddf-3c30235c56cb',23,'{"itemValue": "Denial of Service", "orderIndex": 8, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2950a85c-0776-5d21-9cff-8601432f276c',24,'{"itemValue": "Exploit", "orderIndex": 9, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','9e6b1874-6128-5bb0-819c-549b7dd553d1',25,'{"itemValue": "Insider Threat", "orderIndex": 10, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ef096b65-9844-5d26-acc8-d1c1e52e6123',26,'{"itemValue": "Lateral Movement", "orderIndex": 11, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','618df010-edf6-5e3a-973c-da38a457a9fb',27,'{"itemValue": "MITRE ATT&CK", "orderIndex": 12, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','c1b4c048-61d7-5655-a65d-bd06ffd7b16f',28,'{"itemValue": "Malware", "orderIndex": 13, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','acbe3c67-5aea-507f-bf0d-8d1a71c5314f',29,'{"itemValue": "Network Outage", "orderIndex": 14, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','3869575e-bba3-5269-98f8-d4c0abfda1b3',30,'{"itemValue": "Phishing", "orderIndex": 15, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','46b67615-3c37-5863-b52e-8a64021d52c4',31,'{"itemValue": "Policy Violation", "orderIndex": 16, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','d883b7e2-5be0-5c97-981c-fd2a63711fb1',32,'{"itemValue": "Port Scan", "orderIndex": 17, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b99a026c-483f-59b7-9e30-832406b9ec9b',33,'{"itemValue": "Privilege Escalation", "orderIndex": 18, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','302a5c9d-2742-53a3-8919-cc95d367ff68',34,'{"itemValue": "Ransomware", "orderIndex": 19, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','0ed09616-562e-54c2-bee2-6d8007e29f3e',35,'{"itemValue": "Reconnaissance", "orderIndex": 20, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2926f425-4cf3-51a4-a2c4-4b63da79a8ec',36,'{"itemValue": "Suspicious Email", "orderIndex": 21, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','506c9126-4c63-5a5c-b9e9-00eb34ddc01e',37,'{"itemValue": "Suspicious Login", "orderIndex": 22, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f1deb66a-fb47-5e04-b53d-2d62a9ee0e84',38,'{"itemValue": "Unauthorized Access", "orderIndex": 23, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','22435cfc-043a-5f68-ac03-b7e7a3ed3616',39,'{"itemValue": "Vulnerability", "orderIndex": 24, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','574a6ee2-7265-4701-815e-cff83b053bce',40,'{"itemValue": "Other / Unknown", "orderIndex": 25, "listName": "/api/3/picklist_names/a7087b9c-5660-495f-a8ac-c3b198ddb8c2"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ad5e3709-942a-5f70-a6e7-fbd26bab9e08',41,'{"itemValue": "Met", "orderIndex": 0, "listName": "/api/3/picklist_names/fe36a8f2-fcba-4221-b4ab-1081f596b153"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','200bb595-7931-5863-b9f2-7b0efba2528e',42,'{"itemValue": "Missed", "orderIndex": 1, "listName": "/api/3/picklist_names/fe36a8f2-fcba-4221-b4ab-1081f596b153"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','72979f64-e8b9-4888-a965-957e0ec24818',43,'{"itemValue": "Awaiting Action", "orderIndex": 2, "listName": "/api/3/picklist_names/fe36a8f2-fcba-4221-b4ab-1081f596b153"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','77b59e07-4cd2-5a84-a2b1-3eecee551edd',44,'{"itemValue": "Paused", "orderIndex": 3, "listName": "/api/3/picklist_names/fe36a8f2-fcba-4221-b4ab-1081f596b153"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ef3335bd-c88e-5187-9851-2f6e26815b13',45,'{"itemValue": "Yes", "orderIndex": 0, "listName": "/api/3/picklist_names/e131cc54-9ae4-43c9-b830-af6e331fe024"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2128a09c-153d-4db3-985d-de6be33deae5',46,'{"itemValue": "No", "orderIndex": 1, "listName": "/api/3/picklist_names/e131cc54-9ae4-43c9-b830-af6e331fe024"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','30a5604b-248f-5645-aa36-9df70e467e5b',47,'{"itemValue": "Yes", "orderIndex": 0, "listName": "/api/3/picklist_names/06632181-28d5-5cd2-b146-71bb63144278"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','209cc9b7-daed-5645-b297-cf076f29a0c7',48,'{"itemValue": "No", "orderIndex": 1, "listName": "/api/3/picklist_names/06632181-28d5-5cd2-b146-71bb63144278"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ec20f7da-3dca-57b7-895b-f7c8f4c7cc63',49,'{"itemValue": "Duplicate", "orderIndex": 0, "listName": "/api/3/picklist_names/4ebacea1-88cd-4ea8-9dcc-385bea42cc59"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','737d56f1-e2b5-5a80-8e84-ffbaeec40527',50,'{"itemValue": "Exempt", "orderIndex": 1, "listName": "/api/3/picklist_names/4ebacea1-88cd-4ea8-9dcc-385bea42cc59"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','e54d11af-5098-53e5-abdc-40070880d5c2',51,'{"itemValue": "False Positive", "orderIndex": 2, "listName": "/api/3/picklist_names/4ebacea1-88cd-4ea8-9dcc-385bea42cc59"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','3b49f8aa-cb5b-5a80-8f82-81eaf35c1bcd',52,'{"itemValue": "Risk Accept", "orderIndex": 3, "listName": "/api/3/picklist_names/4ebacea1-88cd-4ea8-9dcc-385bea42cc59"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','fe8dda9f-7ec4-56ea-8180-f21ed527481c',53,'{"itemValue": "Resolved", "orderIndex": 4, "listName": "/api/3/picklist_names/4ebacea1-88cd-4ea8-9dcc-385bea42cc59"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','8590c81e-3307-4645-97f5-c3e1bec4e05a',54,'{"itemValue": "Tasks Completed", "orderIndex": 5, "listName": "/api/3/picklist_names/4ebacea1-88cd-4ea8-9dcc-385bea42cc59"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','470d0e7c-e928-5f18-a376-904e67a79b40',55,'{"itemValue": "Firewall", "orderIndex": 0, "listName": "/api/3/picklist_names/324acb5d-39c7-58d6-8926-793993520d19"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','38639a94-a223-5de4-aa27-17cbb27b4c38',56,'{"itemValue": "Network", "orderIndex": 1, "listName": "/api/3/picklist_names/324acb5d-39c7-58d6-8926-793993520d19"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2490867c-3969-50cd-bf8d-36e38a167068',57,'{"itemValue": "Server", "orderIndex": 2, "listName": "/api/3/picklist_names/324acb5d-39c7-58d6-8926-793993520d19"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','1c0f341b-9200-58e5-9071-90de8763ffa6',58,'{"itemValue": "Storage", "orderIndex": 3, "listName": "/api/3/picklist_names/324acb5d-39c7-58d6-8926-793993520d19"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','60949c48-0db1-5f85-bb33-c62407950e5d',59,'{"itemValue": "Workstation", "orderIndex": 4, "listName": "/api/3/picklist_names/324acb5d-39c7-58d6-8926-793993520d19"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','8742aed5-e602-525b-b607-cb96d6624fc7',60,'{"itemValue": "Other", "orderIndex": 5, "listName": "/api/3/picklist_names/324acb5d-39c7-58d6-8926-793993520d19"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','c8568d6d-0620-5d14-a4ba-edd16a9f17bb',61,'{"itemValue": "Benign", "orderIndex": 0, "listName": "/api/3/picklist_names/480ba995-6c75-5c41-9aeb-c42790325eb8"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','79f16122-d33f-54da-8c0d-ab0ef34f951b',62,'{"itemValue": "Phishing", "orderIndex": 1, "listName": "/api/3/picklist_names/480ba995-6c75-5c41-9aeb-c42790325eb8"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','fd2fb146-7eda-55fb-a88e-38bcbeadb0c4',63,'{"itemValue": "Spam", "orderIndex": 2, "listName": "/api/3/picklist_names/480ba995-6c75-5c41-9aeb-c42790325eb8"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a480315a-6a30-5655-b06c-1f1267c9036b',64,'{"itemValue": "Open", "orderIndex": 0, "listName": "/api/3/picklist_names/28843f19-9031-59a2-b583-f1a115318528"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','1d75b325-98f3-58d8-b7b2-d29770ff7bab',65,'{"itemValue": "In Progress", "orderIndex": 1, "listName": "/api/3/picklist_names/28843f19-9031-59a2-b583-f1a115318528"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','e1a11477-d69c-55d0-aa2b-e78dc7072499',66,'{"itemValue": "Pending", "orderIndex": 2, "listName": "/api/3/picklist_names/28843f19-9031-59a2-b583-f1a115318528"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','95a1415b-1539-53b2-8c7b-c10fde2029a0',67,'{"itemValue": "Resolved", "orderIndex": 3, "listName": "/api/3/picklist_names/28843f19-9031-59a2-b583-f1a115318528"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','8c847879-8e00-548e-86e5-a58a274b14d9',68,'{"itemValue": "Closed", "orderIndex": 4, "listName": "/api/3/picklist_names/28843f19-9031-59a2-b583-f1a115318528"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a0851327-eb3c-5431-8c4e-cc94dbe446b8',69,'{"itemValue": "Denial of Service", "orderIndex": 0, "listName": "/api/3/picklist_names/6bda12b2-854d-569d-a163-ef33cb65252f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f3dff13b-28ce-5efa-b996-6b042c7fac9f',70,'{"itemValue": "Malware", "orderIndex": 1, "listName": "/api/3/picklist_names/6bda12b2-854d-569d-a163-ef33cb65252f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','33d14ef1-b4ce-56ec-b308-1c24dcab4648',71,'{"itemValue": "Network Outage", "orderIndex": 2, "listName": "/api/3/picklist_names/6bda12b2-854d-569d-a163-ef33cb65252f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b0dae275-f0f9-5c29-bb75-da87aeae590a',72,'{"itemValue": "Phishing", "orderIndex": 3, "listName": "/api/3/picklist_names/6bda12b2-854d-569d-a163-ef33cb65252f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ef84be85-51df-55ba-befa-8ca688f22194',73,'{"itemValue": "Unauthorized Access", "orderIndex": 4, "listName": "/api/3/picklist_names/6bda12b2-854d-569d-a163-ef33cb65252f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','30bf0ba9-b8f8-5525-b270-00a524e2fedd',74,'{"itemValue": "Other", "orderIndex": 5, "listName": "/api/3/picklist_names/6bda12b2-854d-569d-a163-ef33cb65252f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','94a1f33e-5c67-54d6-9172-6d2708d8a701',75,'{"itemValue": "Detection", "orderIndex": 0, "listName": "/api/3/picklist_names/9fd08345-cf68-5bee-9704-dc8d315faf44"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','23f24a90-d003-5c3b-a13c-6dbf7bc9d185',76,'{"itemValue": "Confirmation", "orderIndex": 1, "listName": "/api/3/picklist_names/9fd08345-cf68-5bee-9704-dc8d315faf44"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f77de7d2-f917-546e-a367-324de148c202',77,'{"itemValue": "Containment", "orderIndex": 2, "listName": "/api/3/picklist_names/9fd08345-cf68-5bee-9704-dc8d315faf44"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','384ce53d-0431-5129-8935-fa552b1ea06f',78,'{"itemValue": "Eradication", "orderIndex": 3, "listName": "/api/3/picklist_names/9fd08345-cf68-5bee-9704-dc8d315faf44"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','63d53c14-0319-5e25-b101-389390cf1fb8',79,'{"itemValue": "Recovery", "orderIndex": 4, "listName": "/api/3/picklist_names/9fd08345-cf68-5bee-9704-dc8d315faf44"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b61bbfcf-eef5-554d-adeb-0f244e2aaf29',80,'{"itemValue": "Aftermath", "orderIndex": 5, "listName": "/api/3/picklist_names/9fd08345-cf68-5bee-9704-dc8d315faf44"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','1c9de899-dd7d-5800-8cba-bcb847e77e31',81,'{"itemValue": "Email", "orderIndex": 0, "listName": "/api/3/picklist_names/4f344dca-d696-5192-b414-cc5fb2d1d329"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b745920a-002c-5792-91ff-c32f6220b897',82,'{"itemValue": "External Media", "orderIndex": 1, "listName": "/api/3/picklist_names/4f344dca-d696-5192-b414-cc5fb2d1d329"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2af5d80b-df58-5031-a485-062dc6a03164',83,'{"itemValue": "Network", "orderIndex": 2, "listName": "/api/3/picklist_names/4f344dca-d696-5192-b414-cc5fb2d1d329"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b2128e00-21ca-5724-b442-ec938d9b85e6',84,'{"itemValue": "Web", "orderIndex": 3, "listName": "/api/3/picklist_names/4f344dca-d696-5192-b414-cc5fb2d1d329"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b1973fb3-78d8-5913-a03c-7ea392dac800',85,'{"itemValue": "Other", "orderIndex": 4, "listName": "/api/3/picklist_names/4f344dca-d696-5192-b414-cc5fb2d1d329"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','42fb3e09-472f-5399-a67b-2d7f2963462e',86,'{"itemValue": "Reconnaissance", "orderIndex": 0, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b4cbb26b-06bd-5590-b979-1a53d01d230a',87,'{"itemValue": "Weaponization", "orderIndex": 1, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','1d73efa6-bf73-5140-b5e1-61212e0f8f3f',88,'{"itemValue": "Delivery", "orderIndex": 2, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','d8dbb279-d5ac-55ca-9cc6-9b50f94639a3',89,'{"itemValue": "Exploitation", "orderIndex": 3, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','e3242dbb-9469-5c83-b618-ce2b6f518c83',90,'{"itemValue": "Installation", "orderIndex": 4, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','9bcca869-8c42-5ce1-8f67-4f497ab8c9cf',91,'{"itemValue": "Command & Control", "orderIndex": 5, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a374fefb-9637-5f46-a0e8-be8fe50ea956',92,'{"itemValue": "Actions on Objectives", "orderIndex": 6, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f95c9a2e-6e7b-5a8b-a410-ae1e70bc6991',93,'{"itemValue": "Not Applicable", "orderIndex": 7, "listName": "/api/3/picklist_names/dcc2ee23-6bbc-50a1-8057-b350a5640b7d"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','696bbd52-dd90-5872-bec7-681ebdd154d4',94,'{"itemValue": "Domain", "orderIndex": 0, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','55fbfdba-ef93-54bd-884b-c5ed40d4323e',95,'{"itemValue": "Email Address", "orderIndex": 1, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','e93abfde-8b0f-51b8-987d-94d646e3a734',96,'{"itemValue": "FileHash-MD5", "orderIndex": 2, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','72b89dee-724a-5e5a-bec7-162c26d6df8f',97,'{"itemValue": "FileHash-SHA1", "orderIndex": 3, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f310336c-9bf7-5630-b75d-c47d368c7ba6',98,'{"itemValue": "FileHash-SHA256", "orderIndex": 4, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','6b8cc781-9aa2-5281-b97a-7e9c76057cb5',99,'{"itemValue": "Host", "orderIndex": 5, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','796e70d6-702c-5b93-8abf-e5a0e0de17ac',100,'{"itemValue": "IP Address", "orderIndex": 6, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','8ffefc14-387a-5b7f-9555-26f97d98ae6c',101,'{"itemValue": "Process", "orderIndex": 7, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','bbc6ec13-4d56-5bb5-b1c0-4f97f1bba781',102,'{"itemValue": "URL", "orderIndex": 8, "listName": "/api/3/picklist_names/d35fc541-7153-5693-91c7-3491b96a3e63"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b19b42aa-aee4-47df-9cda-894537dacb2a',103,'{"itemValue": "Good", "orderIndex": 0, "listName": "/api/3/picklist_names/e75ed3c3-9f23-4a43-832b-0daf236209ba"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','7074e547-7785-4979-be32-c6d0c863e4bd',104,'{"itemValue": "Malicious", "orderIndex": 1, "listName": "/api/3/picklist_names/e75ed3c3-9f23-4a43-832b-0daf236209ba"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','50bfd06c-9aff-4f7d-b6d9-821339e31fe7',105,'{"itemValue": "Suspicious", "orderIndex": 2, "listName": "/api/3/picklist_names/e75ed3c3-9f23-4a43-832b-0daf236209ba"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ae98ebc6-beef-4882-9980-1d88fc6d87cd',106,'{"itemValue": "TBD", "orderIndex": 3, "listName": "/api/3/picklist_names/e75ed3c3-9f23-4a43-832b-0daf236209ba"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','9a611980-1b5e-4ae9-8062-eb2c0c433cff',107,'{"itemValue": "No Reputation Available", "orderIndex": 4, "listName": "/api/3/picklist_names/e75ed3c3-9f23-4a43-832b-0daf236209ba"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ec8b8c0a-825e-4c6d-8ad2-628100d6da76',108,'{"itemValue": "MISP Event", "orderIndex": 0, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ce20efe5-622e-4c05-be81-5210d12988ef',109,'{"itemValue": "Network Activity", "orderIndex": 1, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b788efc2-dadb-4448-9018-043b37266de4',110,'{"itemValue": "IP Address", "orderIndex": 2, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','7a874c06-b65b-4850-9dd0-ff1c1db6491f',111,'{"itemValue": "IPv4 Address", "orderIndex": 3, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','00180d62-b914-4522-bd68-4914eb484841',112,'{"itemValue": "IPv6 Address", "orderIndex": 4, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','8c88bc82-c803-4cba-9997-4d734123493b',113,'{"itemValue": "FileHash", "orderIndex": 5, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','393cc8c8-da97-414a-9058-ee177c946bed',114,'{"itemValue": "FileHash-MD5", "orderIndex": 6, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b1bbe31b-6121-45d5-9acb-94f67edbd7ba',115,'{"itemValue": "FileHash-SHA256", "orderIndex": 7, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','0aa43df6-3331-4994-a442-8543f7e17365',116,'{"itemValue": "FileHash-SHA1", "orderIndex": 8, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','18c5c903-eda5-494d-aa7e-f28b479681ac',117,'{"itemValue": "Domain", "orderIndex": 9, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','76b68a66-ffaa-4003-b60d-a43fcc64c003',118,'{"itemValue": "URL", "orderIndex": 10, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','22ff2fc7-e1bb-4d68-b1c1-990618639731',119,'{"itemValue": "Process", "orderIndex": 11, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b8bc8bf3-5162-478e-9fe8-1ff54b0d9721',120,'{"itemValue": "Port", "orderIndex": 12, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','6b149497-4f2a-4843-8137-cbdcfd6f90f1',121,'{"itemValue": "Actor", "orderIndex": 13, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a0094047-6423-4a7c-8e59-e8d0e425e4f3',122,'{"itemValue": "Software", "orderIndex": 14, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','a73a2378-92b2-4c6e-952c-ec340ea565a6',123,'{"itemValue": "Filename", "orderIndex": 15, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','50b01115-a213-4e85-aed6-0c85f31a30c2',124,'{"itemValue": "Email Address", "orderIndex": 16, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','2884a5af-00a9-4172-b00b-5b081d112715',125,'{"itemValue": "Registry", "orderIndex": 17, "listName": "/api/3/picklist_names/41d5146e-c882-4bfb-abdf-8e2d16c1895f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','0472d368-bd15-4f52-a119-d403470cbe43',126,'{"itemValue": "Red", "orderIndex": 0, "listName": "/api/3/picklist_names/40f1345f-f679-43c0-9237-5b06edd8385f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','7bff95b7-6438-4b01-b23a-0fe8cb5b33d3',127,'{"itemValue": "Amber", "orderIndex": 1, "listName": "/api/3/picklist_names/40f1345f-f679-43c0-9237-5b06edd8385f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','47004ad3-721e-43e0-b729-2ad8ee6441c0',128,'{"itemValue": "Green", "orderIndex": 2, "listName": "/api/3/picklist_names/40f1345f-f679-43c0-9237-5b06edd8385f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','815d21f7-787b-4480-8009-558aa64fe776',129,'{"itemValue": "White", "orderIndex": 3, "listName": "/api/3/picklist_names/40f1345f-f679-43c0-9237-5b06edd8385f"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b9c37012-f365-508c-8c5c-80a974bc3c69',130,'{"itemValue": "Awaiting", "orderIndex": 0, "listName": "/api/3/picklist_names/0e4415e9-dba4-5651-bd54-2e4fb907ee37"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','5775f91f-2c1c-5dd7-a66d-ee0c28b2cbfc',131,'{"itemValue": "In Progress", "orderIndex": 1, "listName": "/api/3/picklist_names/0e4415e9-dba4-5651-bd54-2e4fb907ee37"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','33a4a07f-1e2b-5aa2-b2e1-27ebd8b3301d',132,'{"itemValue": "Completed", "orderIndex": 2, "listName": "/api/3/picklist_names/0e4415e9-dba4-5651-bd54-2e4fb907ee37"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','4a7d856c-9699-5bf8-88fb-3cd6eb158c1f',133,'{"itemValue": "Skipped", "orderIndex": 3, "listName": "/api/3/picklist_names/0e4415e9-dba4-5651-bd54-2e4fb907ee37"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','fc7eebe3-5459-5342-8892-96627b9708f9',134,'{"itemValue": "Low", "orderIndex": 0, "listName": "/api/3/picklist_names/dbfac4ec-cdcc-5118-952c-1307e66dc834"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','76c2f90b-c412-51f7-bf70-06acae4539dd',135,'{"itemValue": "Medium", "orderIndex": 1, "listName": "/api/3/picklist_names/dbfac4ec-cdcc-5118-952c-1307e66dc834"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','51062e6c-e8cb-5426-b940-15c5d549785e',136,'{"itemValue": "High", "orderIndex": 2, "listName": "/api/3/picklist_names/dbfac4ec-cdcc-5118-952c-1307e66dc834"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','ef437d67-31e4-5b4e-a01b-29fec03e4573',137,'{"itemValue": "Manual", "orderIndex": 0, "listName": "/api/3/picklist_names/ca556a20-1b21-5f61-ad42-b0ba8534d768"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','dbdaf9f2-37e7-515c-a77f-654ed7c3cf22',138,'{"itemValue": "Approval", "orderIndex": 1, "listName": "/api/3/picklist_names/ca556a20-1b21-5f61-ad42-b0ba8534d768"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','dfbd5ae1-81b0-565d-880b-413418e7d8df',139,'{"itemValue": "Comment", "orderIndex": 0, "listName": "/api/3/picklist_names/b67641ad-6eb9-52d6-bc49-8200c5c4eaed"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','f1ec700c-8a50-5b6e-8d54-d9db3d357a12',140,'{"itemValue": "Reply", "orderIndex": 1, "listName": "/api/3/picklist_names/b67641ad-6eb9-52d6-bc49-8200c5c4eaed"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','4e5f78b0-fd86-5ed4-86a8-6f6b89bf1050',141,'{"itemValue": "Evidence", "orderIndex": 0, "listName": "/api/3/picklist_names/4c20d184-6574-5e75-9469-1768a52793e3"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','38098c00-75cb-5e5f-b828-0ac69e2e4c73',142,'{"itemValue": "Report", "orderIndex": 1, "listName": "/api/3/picklist_names/4c20d184-6574-5e75-9469-1768a52793e3"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','3a14228a-288c-56dc-9827-0affb22b8d24',143,'{"itemValue": "Other", "orderIndex": 2, "listName": "/api/3/picklist_names/4c20d184-6574-5e75-9469-1768a52793e3"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','64901d86-38b6-50a3-aae4-689aee2749f3',144,'{"itemValue": "Active", "orderIndex": 0, "listName": "/api/3/picklist_names/10a05829-2fb5-52d6-a4fb-585807d62beb"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('picklists','b1db23ab-66ed-5991-9170-7c13d87671ba',145,'{"itemValue": "Closed", "orderIndex": 1, "listName": "/api/3/picklist_names/10a05829-2fb5-52d6-a4fb-585807d62beb"}',1.79584063266023707386e+09,1.79584063266023707386e+09,NULL);
INSERT INTO "record" VALUES('alerts','e0700fec-ed0e-466b-8728-0b87a1ead149',1,'{"state": "/api/3/picklists/a1bac09b-1441-45aa-ad1b-c88744e48e72", "escalatedtoincident": "/api/3/picklists/2128a09c-153d-4db3-985d-de6be33deae5", "name": "Kept alert", "sourceId": "kept-1", "createUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4", "modifyUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4"}',1.79584063508679509166e+09,1.79584063508679509166e+09,NULL);
INSERT INTO "record" VALUES('comments','ce909a9d-614b-47e0-8909-3a25819fd1b2',1,'{"content": "Kept comment", "createUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4", "modifyUser": "/api/3/people/5c8e7f0a4d1b43a29b6f2c7d90e1a3b4"}',1.79584063543053293224e+09,1.79584063543053293224e+09,NULL);
CREATE TABLE record_counter (
	module VARCHAR NOT NULL, 
	last INTEGER NOT NULL, 
	PRIMARY KEY (module)
);
INSERT INTO "record_counter" VALUES('people',1);
INSERT INTO "record_counter" VALUES('teams',1);
INSERT INTO "record_counter" VALUES('picklist_names',25);
INSERT INTO "record_counter" VALUES('picklists',145);
INSERT INTO "record_counter" VALUES('alerts',1);
INSERT INTO "record_counter" VALUES('comments',1);
CREATE TABLE record_key (
	module VARCHAR NOT NULL, 
	columns VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	uuid VARCHAR NOT NULL, 
	PRIMARY KEY (module, columns, value)
);
INSERT INTO "record_key" VALUES('picklist_names','name','["Severity"]','4e80cba3-032f-48b4-ac03-17e3ec247aac');
INSERT INTO "record_key" VALUES('picklist_names','name','["AlertStatus"]','33e964a9-d607-49f2-813c-7ce46141815a');
INSERT INTO "record_key" VALUES('picklist_names','name','["AlertState"]','2f9ed741-25fe-475a-9f12-64336288eebf');
INSERT INTO "record_key" VALUES('picklist_names','name','["AlertType"]','a7087b9c-5660-495f-a8ac-c3b198ddb8c2');
INSERT INTO "record_key" VALUES('picklist_names','name','["SLAState"]','fe36a8f2-fcba-4221-b4ab-1081f596b153');
INSERT INTO "record_key" VALUES('picklist_names','name','["EscalatedToIncident"]','e131cc54-9ae4-43c9-b830-af6e331fe024');
INSERT INTO "record_key" VALUES('picklist_names','name','["YesNo"]','06632181-28d5-5cd2-b146-71bb63144278');
INSERT INTO "record_key" VALUES('picklist_names','name','["ClosureReason"]','4ebacea1-88cd-4ea8-9dcc-385bea42cc59');
INSERT INTO "record_key" VALUES('picklist_names','name','["DeviceType"]','324acb5d-39c7-58d6-8926-793993520d19');
INSERT INTO "record_key" VALUES('picklist_names','name','["EmailClassification"]','480ba995-6c75-5c41-9aeb-c42790325eb8');
INSERT INTO "record_key" VALUES('picklist_names','name','["IncidentStatus"]','28843f19-9031-59a2-b583-f1a115318528');
INSERT INTO "record_key" VALUES('picklist_names','name','["IncidentCategory"]','6bda12b2-854d-569d-a163-ef33cb65252f');
INSERT INTO "record_key" VALUES('picklist_names','name','["IncidentPhase"]','9fd08345-cf68-5bee-9704-dc8d315faf44');
INSERT INTO "record_key" VALUES('picklist_names','name','["DeliveryVector"]','4f344dca-d696-5192-b414-cc5fb2d1d329');
INSERT INTO "record_key" VALUES('picklist_names','name','["KillChainPhases"]','dcc2ee23-6bbc-50a1-8057-b350a5640b7d');
INSERT INTO "record_key" VALUES('picklist_names','name','["IndicatorType"]','d35fc541-7153-5693-91c7-3491b96a3e63');
INSERT INTO "record_key" VALUES('picklist_names','name','["IndicatorReputation"]','e75ed3c3-9f23-4a43-832b-0daf236209ba');
INSERT INTO "record_key" VALUES('picklist_names','name','["ThreatIntelFeedType"]','41d5146e-c882-4bfb-abdf-8e2d16c1895f');
INSERT INTO "record_key" VALUES('picklist_names','name','["TrafficLightProtocol"]','40f1345f-f679-43c0-9237-5b06edd8385f');
INSERT INTO "record_key" VALUES('picklist_names','name','["TaskStatus"]','0e4415e9-dba4-5651-bd54-2e4fb907ee37');
INSERT INTO "record_key" VALUES('picklist_names','name','["TaskPriority"]','dbfac4ec-cdcc-5118-952c-1307e66dc834');
INSERT INTO "record_key" VALUES('picklist_names','name','["TaskType"]','ca556a20-1b21-5f61-ad42-b0ba8534d768');
INSERT INTO "record_key" VALUES('picklist_names','name','["CommentType"]','b67641ad-6eb9-52d6-bc49-8200c5c4eaed');
INSERT INTO "record_key" VALUES('picklist_names','name','["AttachmentType"]','4c20d184-6574-5e75-9469-1768a52793e3');
INSERT INTO "record_key" VALUES('picklist_names','name','["WarroomStatus"]','10a05829-2fb5-52d6-a4fb-585807d62beb');
INSERT INTO "record_key" VALUES('alerts','sourceId','["kept-1"]','e0700fec-ed0e-466b-8728-0b87a1ead149');
CREATE TABLE record_link (
	module VARCHAR NOT NULL, 
	uuid VARCHAR NOT NULL, 
	field VARCHAR NOT NULL, 
	target_module VARCHAR NOT NULL, 
	target_uuid VARCHAR NOT NULL, 
	PRIMARY KEY (module, uuid, field, target_module, target_uuid)
);
INSERT INTO "record_link" VALUES('comments','ce909a9d-614b-47e0-8909-3a25819fd1b2','alerts','alerts','e0700fec-ed0e-466b-8728-0b87a1ead149');
INSERT INTO "record_link" VALUES('alerts','e0700fec-ed0e-466b-8728-0b87a1ead149','comments','comments','ce909a9d-614b-47e0-8909-3a25819fd1b2');
CREATE TABLE run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	task_id VARCHAR NOT NULL, 
	parent INTEGER, 
	workflow VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	created DATETIME NOT NULL, 
	modified DATETIME NOT NULL, 
	debug BOOLEAN NOT NULL, 
	tags JSON NOT NULL, 
	records JSON NOT NULL, 
	result JSON, 
	state JSON
);
INSERT INTO "run" VALUES(1,'193c4569-021c-4c2b-8281-d3a5fd719209',NULL,'11111111-1111-4111-8111-111111111111','Kept playbook','finished','2026-11-28 04:37:15.745879','2026-11-28 04:37:15.823914',0,'[]','[]','{"input": {"params": {}, "records": []}}','{}');
CREATE TABLE run_step (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run INTEGER NOT NULL, 
	uuid VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	started DATETIME NOT NULL, 
	completed DATETIME, 
	arguments JSON NOT NULL, 
	result JSON NOT NULL, 
	FOREIGN KEY(run) REFERENCES run (id) ON DELETE CASCADE
);
INSERT INTO "run_step" VALUES(1,1,'22222222-2222-4222-8222-222222222222','Start','cybersponse.action','finished','2026-11-28 04:37:15.809366','2026-11-28 04:37:15.818561','{}','{"input": {"params": {}, "records": []}}');
CREATE TABLE schedule (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	looked DATETIME NOT NULL, 
	fired DATETIME, 
	count INTEGER NOT NULL, 
	UNIQUE (name)
);
CREATE TABLE workflow (
	uuid VARCHAR NOT NULL, 
	collection VARCHAR, 
	name VARCHAR NOT NULL, 
	active BOOLEAN NOT NULL, 
	start VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	PRIMARY KEY (uuid)
);
INSERT INTO "workflow" VALUES('11111111-1111-4111-8111-111111111111','33333333-3333-4333-8333-333333333333','Kept playbook',0,'cybersponse.action','{"@type": "Workflow", "isActive": false, "createDate": 1795840635.498701, "deletedAt": null, "uuid": "11111111-1111-4111-8111-111111111111", "name": "Kept playbook", "triggerStep": "/api/3/workflow_steps/22222222-2222-4222-8222-222222222222", "steps": [{"@type": "WorkflowStep", "uuid": "22222222-2222-4222-8222-222222222222", "name": "Start", "arguments": {"step_variables": {"input": {"params": []}}}, "stepType": "/api/3/workflow_step_types/f414d039-bb0d-4e59-9c39-a8f1e880b18a", "@id": "/api/3/workflow_steps/22222222-2222-4222-8222-222222222222"}], "routes": [], "@id": "/api/3/workflows/11111111-1111-4111-8111-111111111111", "modifyDate": 1795840635.498701, "collection": "/api/3/workflow_collections/33333333-3333-4333-8333-333333333333"}');
CREATE TABLE workflow_collection (
	uuid VARCHAR NOT NULL, 
	serial VARCHAR, 
	document JSON NOT NULL, 
	PRIMARY KEY (uuid)
);
INSERT INTO "workflow_collection" VALUES('33333333-3333-4333-8333-333333333333',NULL,'{"@type": "WorkflowCollection", "createDate": 1795840635.498701, "uuid": "33333333-3333-4333-8333-333333333333", "name": "Kept", "@id": "/api/3/workflow_collections/33333333-3333-4333-8333-333333333333", "modifyDate": 1795840635.498701, "deletedAt": null}');
CREATE TABLE workflow_version (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uuid VARCHAR NOT NULL, 
	workflow VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	autosave BOOLEAN NOT NULL, 
	saved DOUBLE NOT NULL, 
	content VARCHAR NOT NULL, 
	UNIQUE (uuid), 
	FOREIGN KEY(workflow) REFERENCES workflow (uuid) ON DELETE CASCADE
);
CREATE INDEX record_by_status ON record (module, json_extract(document, '$.status'));
CREATE INDEX "record_by_sourceId" ON record (module, json_extract(document, '$.sourceId'));
CREATE INDEX "record_by_folded_sourceId" ON record (module, lower(json_extract(document, '$.sourceId')));
CREATE INDEX record_by_name ON record (module, json_extract(document, '$.name'));
CREATE INDEX record_by_change ON record (module, modified);
CREATE INDEX record_by_creation ON record (module, created);
CREATE INDEX record_by_severity ON record (module, json_extract(document, '$.severity'));
CREATE UNIQUE INDEX record_by_number ON record (module, number);
CREATE INDEX record_link_by_target ON record_link (target_module, target_uuid);
CREATE INDEX ix_workflow_collection_serial ON workflow_collection (serial);
CREATE INDEX ix_workflow_name ON workflow (name);
CREATE INDEX ix_workflow_active ON workflow (active);
CREATE INDEX ix_workflow_collection ON workflow (collection);
CREATE INDEX ix_workflow_start ON workflow (start);
CREATE INDEX ix_run_workflow ON run (workflow);
CREATE INDEX ix_run_task_id ON run (task_id);
CREATE INDEX ix_run_parent ON run (parent);
CREATE INDEX ix_workflow_version_workflow ON workflow_version (workflow);
CREATE INDEX ix_run_step_run ON run_step (run);
CREATE INDEX ix_manual_input_run ON manual_input (run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',1);
INSERT INTO "sqlite_sequence" VALUES('run_step',1);
INSERT INTO "sqlite_sequence" VALUES('macro',1);
COMMIT;
