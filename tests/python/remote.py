"""A program elsewhere: calls a node's operators' port with an operator's certificate, takes a matter in and delegates it.

Usage: remote.py PROTO_FOLDER ADDRESS SERVER_NAME CERTS_FOLDER CHILD_REGION
Prints the timeline's entries, one a line; exits non-zero when something is not as it should be.
"""

import sys
from pathlib import Path

from delegate import generated


def main() -> None:
    proto_folder, address, server_name, certs, child = sys.argv[1:6]
    pb, rpc = generated(Path(proto_folder))
    import grpc

    read = lambda name: (Path(certs) / name).read_bytes()
    credentials = grpc.ssl_channel_credentials(read("roots.crt"), read("operator.key"), read("operator.crt"))
    # The certificate bears the node's name, which need not stand in the DNS.
    options = [("grpc.ssl_target_name_override", server_name)]
    node = rpc.OperatorStub(grpc.secure_channel(address, credentials, options=options))
    # The certificate says who calls: nobody is named.
    texts = [pb.Text(field="title", value="路灯不亮"), pb.Text(field="content", value="村口三盏路灯夜里不亮")]
    taken = node.Execute(
        pb.Command(key="remote-1", texts=texts, take_in=pb.TakeIn(channel="web", kind="help", category="0201")),
        timeout=20,
    )
    node.Execute(
        pb.Command(key="remote-2", assign=pb.Assign(matter=taken.matter, takers=[child], basis="属地管理")),
        timeout=20,
    )
    try:
        node.Execute(pb.Command(key="remote-3", note=pb.OnMatter(matter="错" * 3000)), timeout=20)
        raise AssertionError("a wrong number must be refused")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and len(error.details()) < 300, error
    seen = node.GetTicket(pb.GetTicketRequest(ticket=taken.number), timeout=20)
    for entry in seen.timeline:
        print(entry.what, entry.actor, entry.words)
    assert [(entry.what, entry.actor) for entry in seen.timeline][:2] == [
        ("ticket.taken-in", "zhang"),
        ("leg.offer", "zhang"),
    ], seen.timeline


if __name__ == "__main__":
    main()
