// Every event of some topics, none lost, each once: replay's loop in JavaScript, for Node with zeromq 6
// (`npm install zeromq`). The cursor is kept in a file; the next run goes on where this one ended.
//
//   node replay.js [ENDPOINT [CURSOR-FILE [TOPIC]...]]
const fs = require("fs");
const zmq = require("zeromq");

const [endpoint = "tcp://127.0.0.1:5571", cursorFile = "cursor", ...topics] = process.argv.slice(2);

async function main() {
  // Relaxed and correlated: when an answer is lost, ask again, and take no other's for it.
  const socket = new zmq.Request({ relaxed: true, correlate: true, receiveTimeout: 15000 });
  socket.connect(endpoint);
  let after = fs.existsSync(cursorFile) ? fs.readFileSync(cursorFile, "utf8") : "oldest";
  for (;;) {
    await socket.send(JSON.stringify({ v: 1, after, topics: topics.length ? topics : ["feed/"], wait: 5 }));
    let frames;
    try {
      frames = await socket.receive();
    } catch (error) {
      if (error.code === "EAGAIN") continue; // the server is away
      throw error;
    }
    const [head, ...events] = frames.map((frame) => JSON.parse(frame));
    if (head.retry_after) {
      // busy, or about to restart
      await new Promise((resolve) => setTimeout(resolve, head.retry_after * 1000));
      continue;
    }
    if (head.error) throw new Error(`${head.error}: ${head.message}`);
    for (const event of events) console.log(event.cwfeed, event.data.title ?? "");
    after = head.next; // keep it where the events' effects are kept
    fs.writeFileSync(`${cursorFile}.new`, after);
    fs.renameSync(`${cursorFile}.new`, cursorFile);
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
