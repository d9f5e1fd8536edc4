// Nothing is to open a socket, look up a name, or listen.
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import { syncBuiltinESMExports } from 'node:module'

const refuse = (what) => () => {
  throw new Error(`a socket was opened: ${what}`)
}
net.connect = refuse('net.connect')
net.createConnection = refuse('net.createConnection')
net.Socket.prototype.connect = refuse('Socket.connect')
net.Server.prototype.listen = refuse('Server.listen')
dgram.createSocket = refuse('dgram.createSocket')
dns.lookup = refuse('dns.lookup')
globalThis.fetch = refuse('fetch')
syncBuiltinESMExports()
