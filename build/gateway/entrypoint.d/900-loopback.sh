# shellcheck shell=bash
# Makes Tomcat listen on 127.0.0.1:WEB_PORT and nowhere else. The entrypoint of the
# guacamole image sources this after it has copied Tomcat's configuration and before
# it starts Tomcat, which must not happen if anything here fails.
# The access log goes too: it would hold the tokens of open consoles, and grow for ever.
server=$CATALINA_BASE/conf/server.xml
case ${WEB_PORT:-} in
  '' | *[!0-9]*)
    echo 'WEB_PORT is not a port' >&2
    exit 1
    ;;
esac
xmlstarlet edit --inplace \
  --update '/Server/@port' --value -1 \
  --delete '/Server/Service/Connector/@address' \
  --insert '/Server/Service/Connector' --type attr --name address --value 127.0.0.1 \
  --update '/Server/Service/Connector/@port' --value "$WEB_PORT" \
  --delete '//Valve[@className="org.apache.catalina.valves.AccessLogValve"]' \
  "$server" || exit 1
listens=$(xmlstarlet select --template --value-of \
  'concat(/Server/@port, " ", count(//Connector), " ", //Connector/@address, " ", //Connector/@port)' "$server")
if [ "$listens" != "-1 1 127.0.0.1 $WEB_PORT" ]; then
  echo "Tomcat's server.xml is none we know: $listens" >&2
  exit 1
fi
