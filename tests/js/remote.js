// A program elsewhere, in JavaScript: calls a node's operators' port with an operator's certificate, takes a matter in
// and delegates it.
//
// Usage: node remote.js PROTO_FOLDER ADDRESS SERVER_NAME CERTS_FOLDER CHILD_REGION
// Prints the timeline's entries, one a line; exits non-zero when something is not as it should be.

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { promisify } = require("node:util");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

async function main() {
  const [protoFolder, address, serverName, certs, child] = process.argv.slice(2);
  const definition = protoLoader.loadSync("hotline/operator/v1/operator.proto", {
    includeDirs: [protoFolder],
    keepCase: true,
    longs: String,
  });
  const { Operator } = grpc.loadPackageDefinition(definition).hotline.operator.v1;
  const read = (name) => fs.readFileSync(path.join(certs, name));
  const credentials = grpc.credentials.createSsl(read("roots.crt"), read("operator.key"), read("operator.crt"));
  // The certificate bears the node's name, which need not stand in the DNS.
  const node = new Operator(address, credentials, {
    "grpc.ssl_target_name_override": serverName,
    "grpc.default_authority": serverName,
  });
  const call = (method) => promisify(node[method].bind(node));
  const execute = call("Execute");
  const texts = [
    { field: "title", value: "路灯不亮" },
    { field: "content", value: "村口三盏路灯夜里不亮" },
  ];
  const taken = await execute({
    key: "js-1",
    texts,
    take_in: { channel: "web", kind: "help", category: "0201" },
  });
  await execute({
    key: "js-2",
    assign: { matter: taken.matter, takers: [child], basis: "属地管理" },
  });
  await assert.rejects(execute({ key: "js-3", note: { matter: "错".repeat(3000) } }), (error) => {
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
    assert.ok(error.details.length < 300, error.details);
    return true;
  });
  const seen = await call("GetTicket")({ ticket: taken.number });
  for (const entry of seen.timeline) console.log(entry.what, entry.actor, entry.words);
  const first = seen.timeline.slice(0, 2).map((entry) => [entry.what, entry.actor]);
  assert.deepEqual(first, [
    ["ticket.taken-in", "zhang"],
    ["leg.offer", "zhang"],
  ]);
  node.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
