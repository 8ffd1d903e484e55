// node-q's own tests connect to port 5000, of this machine by its name in one of them: here to KSERVE_PORT of the
// loopback interface.
const net = require("net");
const connect = net.connect;
net.connect = (port, host, ...rest) => connect(Number(process.env.KSERVE_PORT), "127.0.0.1", ...rest);
