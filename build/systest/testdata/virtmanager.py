# What virt-manager shows of a domain, read by virt-manager's own library:
# name, state, vCPUs, MiB of memory, and the files of its disks, as JSON.
import json
import sys

sys.path.insert(0, "/usr/share/virt-manager")
from virtinst import Guest, VirtinstConnection  # noqa: E402

uri, uuid = sys.argv[1:]
connection = VirtinstConnection(uri)
connection.open(None, None)
domain = connection.lookupByUUIDString(uuid)
guest = Guest(connection, parsexml=domain.XMLDesc(0))
print(json.dumps({
    "name": guest.name,
    "running": bool(domain.isActive()),
    "vcpus": guest.vcpus,
    "memoryMiB": guest.currentMemory // 1024,
    "mac": guest.devices.interface[0].macaddr,
    "disk": guest.devices.disk[0].get_source_path(),
    "display": guest.devices.graphics[0].type,
}))
