// Subscribes to everything, says so, and prints the sizes of so many updates as one line of JSON.
const nodeq = require("node-q");
const updates = Number(process.argv[2]);

nodeq.connect({ host: "127.0.0.1", port: Number(process.env.KSERVE_PORT) }, (error, con) => {
  if (error) throw error;
  const sizes = [];
  let seen = 0;
  con.on("upd", (table, rows) => {
    sizes.push(...rows.map(row => row.size));
    seen += 1;
    if (seen < updates) return;
    // What came twice would come before this is answered.
    con.k("2+2", () => {
      console.log(JSON.stringify(sizes));
      con.close();
    });
  });
  con.k(".u.sub[`;`]", error => {
    if (error) throw error;
    console.log("subscribed");
  });
});
