-- The part of Guacamole 0.9.14 by which it can be told from all later ones: users have a name of
-- their own, there are no entities, and permissions are those of a user. Not enough to work with.
-- Source: Apache Guacamole 0.9.14, guacamole-auth-jdbc-postgresql, in words of our own.

CREATE TYPE guacamole_connection_group_type AS ENUM ('ORGANIZATIONAL', 'BALANCING');
CREATE TYPE guacamole_object_permission_type AS ENUM ('READ', 'UPDATE', 'DELETE', 'ADMINISTER');
CREATE TYPE guacamole_system_permission_type AS ENUM (
  'CREATE_CONNECTION', 'CREATE_CONNECTION_GROUP', 'CREATE_SHARING_PROFILE', 'CREATE_USER', 'ADMINISTER'
);

CREATE TABLE guacamole_connection_group (
  connection_group_id serial PRIMARY KEY,
  parent_id integer CONSTRAINT guacamole_connection_group_ibfk_1
    REFERENCES guacamole_connection_group ON DELETE CASCADE,
  connection_group_name varchar(128) NOT NULL,
  type guacamole_connection_group_type NOT NULL DEFAULT 'ORGANIZATIONAL',
  CONSTRAINT connection_group_name_parent UNIQUE (connection_group_name, parent_id)
);

CREATE TABLE guacamole_connection (
  connection_id serial PRIMARY KEY,
  connection_name varchar(128) NOT NULL,
  parent_id integer CONSTRAINT guacamole_connection_ibfk_1
    REFERENCES guacamole_connection_group ON DELETE CASCADE,
  protocol varchar(32) NOT NULL,
  CONSTRAINT connection_name_parent UNIQUE (connection_name, parent_id)
);

CREATE TABLE guacamole_user (
  user_id serial PRIMARY KEY,
  username varchar(128) NOT NULL CONSTRAINT username UNIQUE,
  password_hash bytea NOT NULL,
  password_salt bytea,
  password_date timestamptz NOT NULL
);

CREATE TABLE guacamole_connection_parameter (
  connection_id integer CONSTRAINT guacamole_connection_parameter_ibfk_1
    REFERENCES guacamole_connection ON DELETE CASCADE,
  parameter_name varchar(128),
  parameter_value varchar(4096) NOT NULL,
  PRIMARY KEY (connection_id, parameter_name)
);

CREATE TABLE guacamole_connection_permission (
  user_id integer CONSTRAINT guacamole_connection_permission_ibfk_2
    REFERENCES guacamole_user ON DELETE CASCADE,
  connection_id integer CONSTRAINT guacamole_connection_permission_ibfk_1
    REFERENCES guacamole_connection ON DELETE CASCADE,
  permission guacamole_object_permission_type,
  PRIMARY KEY (user_id, connection_id, permission)
);
