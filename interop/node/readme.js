// What node-q's README shows, where its own tests do not try it: tables, dictionaries, keyed results, nulls.
const nodeq = require("node-q");
const assert = require("assert");

describe("readme and more", function () {
  let con;
  before(done => nodeq.connect({ host: "localhost", port: 5000, user: "user", password: "password" }, (err, c) => {
    con = c;
    done(err);
  }));
  after(done => con.close(done));
  // A keyed table is the list of its two halves there.
  const cases = {
    "sum 1 2 3": 6,
    "`a`b`c!1 2 3i": { a: 1, b: 2, c: 3 },
    "([] sym:`a`b`c; size:(1 2 3i))": [{ sym: "a", size: 1 }, { sym: "b", size: 2 }, { sym: "c", size: 3 }],
    "select sum size by sym from ([]sym:`a`b`a;size:1 2 3)": [[{ sym: "a" }, { sym: "b" }], [{ size: 4 }, { size: 2 }]],
    "exec size from ([]size:1 2 3)": [1, 2, 3],
    "0N 1 0W": [null, 1, Infinity],
    "meta ([]a:1 2)": [[{ c: "a" }], [{ t: "j", f: null, a: null }]],
    "(`upd;`trade;1 2)": ["upd", "trade", [1, 2]],
  };
  for (const [query, expected] of Object.entries(cases)) {
    it(query, done => con.k(query, (err, res) => {
      try {
        assert.ifError(err);
        assert.deepEqual(res, expected);
        done();
      } catch (error) {
        done(error);
      }
    }));
  }
  it("an object and an array as arguments", done => con.k("{x[`a]+sum y}", { a: 1 }, [2, 3], (err, res) => {
    assert.equal(err ?? res, 6);
    done();
  }));
  it("pushes by neg[.z.w] before the response", done => {
    const got = [];
    con.on("upd", (table, data) => got.push([table, data]));
    con.k("{neg[.z.w](`upd;`t;x)}each til 20", err => {
      assert.ifError(err);
      assert.deepEqual(got, [...Array(20).keys()].map(one => ["t", one]));
      done();
    });
  });
});
