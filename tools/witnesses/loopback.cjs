// Preloaded into kinesis-mock: makes it listen on 127.0.0.1 only, for it listens on every address and has no option for one.
'use strict';
const net = require('node:net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object' && first.port !== undefined) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest);
  }
  if (Number.isInteger(first)) {
    const callback = rest.find((argument) => typeof argument === 'function');
    return listen.call(this, { port: first, host: '127.0.0.1' }, callback);
  }
  return listen.call(this, first, ...rest);
};
