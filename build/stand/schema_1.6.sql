-- What Guacamole 1.6 has of its own; the rest is in schema.sql, which says whence.
CREATE TYPE guacamole_system_permission_type AS ENUM (
  'CREATE_CONNECTION', 'CREATE_CONNECTION_GROUP', 'CREATE_SHARING_PROFILE',
  'CREATE_USER', 'CREATE_USER_GROUP', 'AUDIT', 'ADMINISTER'
);
