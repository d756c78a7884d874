// Drives a server through ioredis as an application would and prints, a line of JSON for each step, what the client
// returned. clients_test.py runs it against the store and against redis-server and compares.
//
//   node ioredis_drive.mjs PORT UNIX_SOCKET PASSWORD [FAMILY...]
//
// "restart" on its output asks for the server to be ended and started again; a line on its input says that it is up.
import crypto from 'node:crypto';
import {once} from 'node:events';
import readline from 'node:readline';
import Redis from 'ioredis';

const [port, path, password, ...families] = process.argv.slice(2);
const options = {port: Number(port), host: '127.0.0.1', password, lazyConnect: true};
const input = readline.createInterface({input: process.stdin});
const opened = [];

async function connected(more = {}) {
  const client = new Redis({...options, ...more});
  client.on('error', () => {});  // What matters of it comes as a rejected promise.
  opened.push(client);
  await client.connect();
  return client;
}

// Bytes in a form that JSON has, large ones as their sum.
function plain(value) {
  if (Buffer.isBuffer(value)) {
    return value.length > 256 ? {bytes: value.length, sha1: crypto.createHash('sha1').update(value).digest('hex')}
                              : {hex: value.toString('hex')};
  }
  if (value instanceof Error) return {error: value.name, message: value.message};
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  }
  return value === undefined ? 'undefined' : value;
}

const tell = (step, value) => console.log(JSON.stringify([step, plain(value)]));
const sorted = (values) => [...values].sort();
const failure = async (promise) => {
  try {
    return {returned: await promise};
  } catch (error) {
    return error;
  }
};

const drive = {
  async connection() {
    tell('no password', await failure((await connected({password: null, enableReadyCheck: false})).get('a')));
    const wrong = new Redis({...options, password: 'wrong', retryStrategy: null});
    opened.push(wrong);
    const refused = once(wrong, 'error');
    wrong.connect().catch(() => {});
    tell('wrong password', (await refused)[0]);
    const second = await connected({db: 2});
    await second.set('where', 'two');
    const first = await connected();
    tell('other database', await first.get('where'));
    tell('select', [await first.select(2), await first.get('where'), await failure(first.select(99))]);
    tell('unix socket', await (await connected({port: undefined, host: undefined, path, db: 2})).get('where'));
    tell('name', [await first.client('SETNAME', 'driver'), await first.client('GETNAME')]);
    tell('ping', [await first.ping(), await first.ping('hello'), await first.echo('words')]);
    tell('unknown', await failure(first.call('nosuchcommand', 'a')));
    tell('arity', await failure(first.call('get')));
    tell('mode', /redis_mode:(\w+)/.exec(await first.info('server'))[1]);
    tell('config', [await first.config('SET', 'hash-max-listpack-entries', 64),
                    await first.config('GET', 'hash-max-listpack-entries'),
                    await failure(first.config('SET', 'maxclients', 'many'))]);
  },

  async strings() {
    const redis = await connected();
    tell('set', [await redis.set('s', 'value'), await redis.set('s', 'other', 'NX'), await redis.get('s'),
                 await redis.set('s', 'third', 'EX', 100, 'GET'), await redis.getset('s', 'fourth')]);
    tell('numbers', [await redis.incr('n'), await redis.incrby('n', '9007199254740993'),
                     await redis.incrbyfloat('f', 0.1), await redis.decr('n')]);
    tell('many', [await redis.mset({a: 1, b: 'two'}), await redis.mget('a', 'b', 'none'), await redis.msetnx('a', 1)]);
    tell('parts', [await redis.append('s', '!!'), await redis.getrange('s', -3, -1), await redis.setrange('s', 1, 'X'),
                   await redis.strlen('s'), await redis.getdel('s'), await redis.get('s')]);
    const key = Buffer.from([0, 255, 13, 10, 128]);
    tell('binary', [await redis.set(key, key), await redis.getBuffer(key), await redis.get(key),
                    await redis.exists(key)]);
    const big = Buffer.alloc(2 << 20, 'weir');
    tell('big', [await redis.set('big', big), await redis.getBuffer('big'), await redis.strlen('big'),
                 await redis.getrangeBuffer('big', 1000, 2999)]);
    tell('empty', [await redis.set('empty', ''), await redis.get('empty'), await redis.getBuffer('empty')]);
    tell('lcs', [await redis.mset('x', 'ohmytext', 'y', 'mynewtext'), await redis.lcs('x', 'y', 'LEN'),
                 await redis.lcs('x', 'y', 'IDX')]);
  },

  async bitmaps() {
    const redis = await connected();
    tell('bits', [await redis.setbit('bits', 7, 1), await redis.getbit('bits', 7), await redis.bitcount('bits'),
                  await redis.bitpos('bits', 1), await redis.bitop('NOT', 'inverse', 'bits'),
                  await redis.getBuffer('inverse'), await redis.bitfield('bits', 'INCRBY', 'u8', 8, 200, 'GET', 'u4', 0),
                  await failure(redis.setbit('bits', 0, 2))]);
  },

  async hyperloglogs() {
    const redis = await connected();
    tell('count', [await redis.pfadd('h1', 'a', 'b', 'c'), await redis.pfadd('h2', 'c', 'd'),
                   await redis.pfcount('h1', 'h2'), await redis.pfmerge('h', 'h1', 'h2'), await redis.pfcount('h')]);
  },

  async hashes() {
    const redis = await connected();
    tell('fields', [await redis.hset('h', {name: 'weir', age: 3}), await redis.hset('h', 'name', 'dam'),
                    await redis.hgetall('h'), await redis.hgetall('none'), await redis.hmget('h', 'age', 'none'),
                    await redis.hincrby('h', 'age', 2), await redis.hincrbyfloat('h', 'half', 0.5),
                    await redis.hexists('h', 'half'), await redis.hdel('h', 'half', 'none'), await redis.hlen('h'),
                    await redis.hstrlen('h', 'name'), sorted(await redis.hkeys('h')), sorted(await redis.hvals('h'))]);
    tell('map', await redis.hset('m', new Map([['k', 'v']])));
    tell('wrong type', [await redis.set('text', 1), await failure(redis.hget('text', 'a'))]);
    tell('not a number', await failure(redis.hincrby('h', 'name', 1)));
  },

  async sets() {
    const redis = await connected();
    tell('members', [await redis.sadd('s', 'a', 'b', ['c']), sorted(await redis.smembers('s')),
                     await redis.sismember('s', 'b'), await redis.smismember('s', 'a', 'z'), await redis.scard('s'),
                     await redis.srem('s', 'a', 'z'), await redis.smove('s', 't', 'b'), await redis.spop('t')]);
    tell('algebra', [await redis.sadd('u', 1, 2, 3), await redis.sadd('v', 2, 3, 4), sorted(await redis.sinter('u', 'v')),
                     sorted(await redis.sunion('u', 'v')), await redis.sdiff('u', 'v'),
                     await redis.sdiffstore('w', 'u', 'v'), await redis.sintercard(2, 'u', 'v', 'LIMIT', 1)]);
    tell('random', [(await redis.srandmember('u', 10)).length, (await redis.srandmember('u', -10)).length]);
  },

  async sorted_sets() {
    const redis = await connected();
    tell('scores', [await redis.zadd('z', 1, 'a', 2.5, 'b', '+inf', 'c'), await redis.zscore('z', 'b'),
                    await redis.zmscore('z', 'a', 'none'), await redis.zincrby('z', 1e15, 'a'),
                    await redis.zrange('z', 0, -1, 'WITHSCORES'), await redis.zrevrank('z', 'a'),
                    await redis.zrangebyscore('z', '(2.5', '+inf', 'WITHSCORES', 'LIMIT', 0, 1),
                    await redis.zadd('z', 'GT', 'CH', 5, 'b'), await redis.zadd('z', 'NX', 'INCR', 1, 'b'),
                    await redis.zcount('z', '-inf', 10), await redis.zrem('z', 'c'), await redis.zcard('z')]);
    tell('pops', [await redis.zpopmin('z'), await redis.zpopmax('z', 5), await redis.zpopmin('z')]);
    tell('stores', [await redis.zadd('p', 1, 'x', 2, 'y'), await redis.zadd('q', 10, 'y'),
                    await redis.zunionstore('r', 2, 'p', 'q', 'WEIGHTS', 2, 3), await redis.zrange('r', 0, -1, 'WITHSCORES'),
                    await redis.zinter(2, 'p', 'q', 'WITHSCORES'), await redis.zrangestore('part', 'r', 0, 0)]);
    tell('lexical', [await redis.zadd('l', 0, 'a', 0, 'b', 0, 'c'), await redis.zrangebylex('l', '[b', '+'),
                     await failure(redis.zrangebylex('l', 'b', '+')), await redis.zlexcount('l', '-', '(c')]);
  },

  async geo() {
    const redis = await connected();
    tell('places', [await redis.geoadd('g', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'),
                    await redis.geodist('g', 'Palermo', 'Catania', 'km'), await redis.geohash('g', 'Palermo', 'none'),
                    await redis.geopos('g', 'Palermo', 'none'),
                    await redis.geosearch('g', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC', 'WITHDIST'),
                    await redis.georadius('g', 15, 37, 200, 'km', 'WITHCOORD', 'DESC')]);
  },

  async lists() {
    const redis = await connected();
    tell('ends', [await redis.rpush('l', 'a', 'b', 'c'), await redis.lpush('l', ['z']), await redis.lrange('l', 0, -1),
                  await redis.lindex('l', -1), await redis.lset('l', 1, 'A'), await redis.linsert('l', 'AFTER', 'A', 'x'),
                  await redis.lrem('l', 0, 'c'), await redis.ltrim('l', 0, 2), await redis.llen('l'), await redis.lpop('l'),
                  await redis.rpop('l', 5), await redis.lpop('l'), await failure(redis.lset('l', 0, 'a'))]);
    tell('moves', [await redis.rpush('from', 1, 2, 3), await redis.lmove('from', 'to', 'LEFT', 'RIGHT'),
                   await redis.rpoplpush('from', 'to'), await redis.lrange('to', 0, -1), await redis.lpos('to', 1)]);
    const waiting = await connected(), working = await connected();
    const popped = waiting.blpop('empty1', 'empty2', 0);
    await blockedClients(working, 1);
    tell('blocking', [await working.rpush('empty2', 'job'), await popped, await waiting.blpop('empty1', 0.01)]);
  },

  async sorting() {
    const redis = await connected();
    tell('sort', [await redis.rpush('weights', 3, 1, 2), await redis.sort('weights', 'DESC'),
                  await redis.sort('weights', 'LIMIT', 0, 2, 'STORE', 'light')]);
  },

  async keys() {
    const redis = await connected();
    await redis.set('k', 'v');
    const serialised = await redis.dumpBuffer('k');
    tell('keys', [await redis.rename('k', 'k2'), await redis.exists('k', 'k2', 'k2'), await redis.type('k2'),
                  await redis.copy('k2', 'k3'), await redis.move('k3', 3), await redis.object('ENCODING', 'k2'),
                  await failure(redis.rename('none', 'k')), await redis.renamenx('k2', 'k'),
                  await redis.restore('k4', 0, serialised), await redis.get('k4'),
                  await failure(redis.restore('k4', 0, serialised)), await redis.touch('k', 'none'),
                  await redis.unlink('k', 'none'), await redis.del('k4'), await redis.randomkey(), await redis.dbsize()]);
    tell('expiry', [await redis.set('e', 1), await redis.pexpireat('e', 99999999999999), await redis.pexpiretime('e'),
                    await redis.persist('e'), await redis.ttl('e'), await redis.ttl('none'), await redis.expire('e', 0),
                    await redis.exists('e'), await redis.set('short', 1, 'PX', 1)]);
    while (await redis.get('short') !== null) {}
    tell('expired', await redis.pttl('short'));
  },

  async scans() {
    const redis = await connected({db: 5});
    const pipeline = redis.pipeline();
    for (let i = 0; i < 2000; ++i) pipeline.set(`key:${i}`, i);
    for (let i = 0; i < 1000; ++i) pipeline.hset('hash', `field:${i}`, i).sadd('set', i).zadd('sorted', i, `m${i}`);
    tell('filled', (await pipeline.exec()).every(([error]) => error === null));
    const all = async (stream) => {
      const seen = new Set();
      for await (const batch of stream) batch.forEach((one) => seen.add(one));
      return [seen.size, crypto.createHash('sha1').update(sorted(seen).join()).digest('hex')];
    };
    tell('scan', await all(redis.scanStream({match: 'key:1*', count: 100})));
    tell('scan by type', await all(redis.scanStream({type: 'zset', count: 1000})));
    tell('hscan', await all(redis.hscanStream('hash', {match: 'field:9*'})));
    tell('sscan', await all(redis.sscanStream('set')));
    tell('zscan', await all(redis.zscanStream('sorted')));
    tell('flush', [await redis.flushdb(), await redis.dbsize()]);
  },

  async pipelines() {
    const redis = await connected({keyPrefix: 'app:', db: 1});
    tell('pipeline', await redis.pipeline().set('a', 1).incr('a').hget('a', 'b').get('none').exec());
    const many = redis.pipeline();
    for (let i = 0; i < 10000; ++i) many.incr('count');
    tell('long pipeline', (await many.exec()).at(-1));
    const automatic = await connected({enableAutoPipelining: true, db: 1});
    tell('automatic', await Promise.all([automatic.get('app:a'), automatic.get('app:count'), automatic.ping()]));
    tell('prefix', sorted(await automatic.keys('*')));
  },

  async transactions() {
    const redis = await connected(), other = await connected();
    tell('exec', await redis.multi().set('t', 1).incr('t').hget('t', 'x').exec());
    tell('aborted', await failure(redis.multi().set('t', 2).call('nosuchcommand').exec()));
    tell('discard', [await redis.multi({pipeline: false}), await redis.set('t', 3), await redis.discard(),
                     await redis.get('t')]);
    let tries = 0, result = null;
    while (result === null) {
      await redis.watch('t');
      const value = Number(await redis.get('t'));
      if (++tries < 3) await other.incr('t');
      result = await redis.multi().set('t', value * 100).exec();
    }
    tell('watch', [tries, result, await redis.get('t')]);
  },

  async blocking() {
    const [waiting, second, working] = [await connected(), await connected(), await connected()];
    const popped = waiting.bzpopmin('none', 'queue', 0);
    await blockedClients(working, 1);
    const behind = second.bzmpop(0, 1, 'queue', 'MAX', 'COUNT', 2);
    await blockedClients(working, 2);
    tell('added', await working.zadd('queue', 1, 'a', 2, 'b', 3, 'c'));
    tell('popped', [await popped, await behind]);
    tell('late', [await waiting.bzpopmax('none', 0.01), await failure(waiting.bzpopmax('none', -1))]);
    const killed = waiting.bzpopmin('none', 0);
    await blockedClients(working, 1);
    tell('unblocked', [await working.client('UNBLOCK', await idOf(working, 'bzpopmin'), 'ERROR'), await failure(killed)]);
  },

  async pubsub() {
    const [subscriber, publisher] = [await connected(), await connected()];
    const heard = [];
    for (const event of ['message', 'pmessage', 'messageBuffer']) {
      subscriber.on(event, (...words) => heard.push([event, ...words]));
    }
    tell('subscribe', [await subscriber.subscribe('news', 'other'), await subscriber.psubscribe('n?ws', 'x*')]);
    tell('not now', await failure(subscriber.get('a')));
    tell('publish', [await publisher.publish('news', 'one'), await publisher.publish('xyz', Buffer.from([0, 255])),
                     await publisher.publish('nobody', 'two'), sorted(await publisher.pubsub('CHANNELS')),
                     await publisher.pubsub('NUMSUB', 'news', 'x'), await publisher.pubsub('NUMPAT')]);
    tell('config', await publisher.config('SET', 'notify-keyspace-events', 'KEA'));
    tell('keyspace', await subscriber.psubscribe('__key*@0__:*'));
    await publisher.set('watched', 1, 'EX', 100);
    await publisher.del('watched');
    await publisher.publish('other', 'end');
    while (!heard.some((words) => words.includes('end'))) await once(subscriber, 'message');
    tell('heard', heard);
    tell('unsubscribe', [await subscriber.unsubscribe('news', 'other'), await subscriber.punsubscribe(), await subscriber.get('a'),
                         await publisher.config('SET', 'notify-keyspace-events', '')]);
    const listener = await publisher.monitor();
    const monitored = once(listener, 'monitor');
    await publisher.set('seen', 'by the monitor');
    tell('monitor', (await monitored)[1]);
    listener.disconnect();
  },

  async reconnecting() {
    const redis = await connected({retryStrategy: () => 20, maxRetriesPerRequest: null, db: 3});
    const subscriber = await connected({retryStrategy: () => 20, maxRetriesPerRequest: null});
    await subscriber.subscribe('after');
    await redis.set('before', 1);
    const states = [];
    redis.on('close', () => states.includes('close') || states.push('close'));
    redis.on('ready', () => states.push('ready'));
    // Not `once` of events: it gives up at the errors of connecting that come before.
    const ready = (client) => new Promise((resolve) => client.once('ready', resolve));
    const [again, back] = [ready(subscriber), ready(redis)];
    console.log('"restart"');
    await once(input, 'line');
    const queued = redis.get('before');  // Sent when the connection is back.
    await Promise.all([again, back]);
    tell('reconnected', [states, await queued, await redis.set('after', 1), await redis.client('LIST')
      .then((list) => /db=3/.test(list))]);
    const heard = new Promise((resolve) => subscriber.once('message', (...words) => resolve(words)));
    while (await redis.publish('after', 'back') === 0) {}
    tell('resubscribed', await heard);
  },
};

// Until so many clients wait for a key.
async function blockedClients(redis, count) {
  while (!(await redis.info('clients')).includes(`blocked_clients:${count}\r\n`)) {}
}

async function idOf(redis, command) {
  const line = (await redis.client('LIST')).split('\n').find((one) => one.includes(`cmd=${command}`));
  return /id=(\d+)/.exec(line)[1];
}

for (const family of families) {
  await (await connected()).flushall();
  await drive[family]();
  for (const client of opened.splice(0)) client.disconnect();
}
process.exit(0);  // Nothing more is waited for: connections that are closing are not.
