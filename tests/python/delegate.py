"""A client generated from the .proto files: takes a matter in, delegates it to a child, reads its timeline.

Usage: delegate.py PROTO_FOLDER SOCKET CHILD_REGION
Prints the timeline's entries, one a line; exits non-zero when something is not as it should be.
"""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote


def generated(proto_folder: Path):
    """The client's modules, generated from the .proto files as any integrator would."""
    out = tempfile.mkdtemp()
    files = sorted(str(path.relative_to(proto_folder)) for path in proto_folder.glob("hotline/operator/**/*.proto"))
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{proto_folder}", f"--python_out={out}", f"--grpc_python_out={out}", *files],
        check=True,
    )
    sys.path.insert(0, out)
    return (
        importlib.import_module("hotline.operator.v1.operator_pb2"),
        importlib.import_module("hotline.operator.v1.operator_pb2_grpc"),
    )


def person(name: str):
    """Metadata by which a front end names the person it speaks for."""
    return [("hotline-operator", quote(name))]


def main() -> None:
    proto_folder, socket, child = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    pb, rpc = generated(proto_folder)
    import grpc

    # Without a host name of its own the library would send the socket's path as one, which HTTP/2 servers refuse.
    options = [("grpc.default_authority", "localhost")]
    node = rpc.OperatorStub(grpc.insecure_channel(f"unix:{socket}", options=options))
    clerk, dispatcher = person("受理员"), person("派单员")
    texts = [pb.Text(field="title", value="路灯不亮"), pb.Text(field="content", value="村口三盏路灯夜里不亮")]
    take_in = pb.Command(key="python-1", texts=texts, take_in=pb.TakeIn(channel="web", kind="help", category="0201"))
    taken = node.Execute(take_in, metadata=clerk)
    again = node.Execute(take_in, metadata=clerk)
    assert again == taken, "the same key and content must give the same answer"
    try:
        node.Execute(
            pb.Command(key="python-1", texts=texts, take_in=pb.TakeIn(channel="app", kind="help", category="0201")),
            metadata=clerk,
        )
        raise AssertionError("the same key with other content must be refused")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    node.Execute(
        pb.Command(key="python-2", assign=pb.Assign(matter=taken.matter, takers=[child], basis="属地管理")),
        metadata=dispatcher,
    )
    asked = pb.GetTicketRequest(ticket=taken.number, with_texts=True, purpose="handle")
    seen = node.GetTicket(asked, metadata=dispatcher)
    assert seen.ticket.stage == "assigned", seen.ticket
    assert any(text.value == "路灯不亮" for text in seen.texts), seen.texts
    for entry in seen.timeline:
        print(entry.what, entry.words)
    assert [entry.what for entry in seen.timeline][:2] == ["ticket.taken-in", "leg.offer"], seen.timeline
    assert "reading.texts" in [entry.what for entry in seen.timeline], "the reading is on record before it is answered"


if __name__ == "__main__":
    main()
