-- What Guacamole 1.0 to 1.5 have of their own; the rest is in schema.sql, which says whence.
CREATE TYPE guacamole_system_permission_type AS ENUM (
  'CREATE_CONNECTION', 'CREATE_CONNECTION_GROUP', 'CREATE_SHARING_PROFILE',
  'CREATE_USER', 'CREATE_USER_GROUP', 'ADMINISTER'
);
