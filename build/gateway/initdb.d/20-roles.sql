-- Takes away the user that everybody knows, and makes the two roles. psql reads
-- the passwords from the environment and quotes them; the log gets none of this.
\set VERBOSITY terse
\getenv guacamole GUACAMOLE_PASSWORD
\getenv sandboxlabs SANDBOXLABS_PASSWORD

BEGIN;
SET LOCAL log_statement = 'none';
SET LOCAL log_min_duration_statement = -1;
SET LOCAL log_min_error_statement = 'panic';

DELETE FROM guacamole_entity WHERE name = 'guacadmin' AND type = 'USER';

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The web application, as its manual says.
CREATE ROLE guacamole LOGIN PASSWORD :'guacamole';
GRANT CONNECT ON DATABASE :"DBNAME" TO guacamole;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guacamole;
GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO guacamole;

-- SandBoxLabs, which registers consoles and its own user.
CREATE ROLE sandboxlabs LOGIN PASSWORD :'sandboxlabs';
GRANT CONNECT ON DATABASE :"DBNAME" TO sandboxlabs;
GRANT SELECT, INSERT, UPDATE, DELETE ON
  guacamole_connection, guacamole_connection_parameter, guacamole_connection_permission,
  guacamole_connection_group, guacamole_connection_group_permission,
  guacamole_entity, guacamole_user, guacamole_user_permission
  TO sandboxlabs;
GRANT SELECT, DELETE ON guacamole_system_permission TO sandboxlabs;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO sandboxlabs;
COMMIT;
