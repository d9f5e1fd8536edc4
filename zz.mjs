import base from './vitest.units.mjs'
let s=Number(process.env.SEED); const rnd=()=>(s=(s*1103515245+12345)%2147483648)/2147483648
class Seq { shard(f){return f} sort(f){ f=[...f]; for(let i=f.length-1;i>0;i--){const j=Math.floor(rnd()*(i+1));[f[i],f[j]]=[f[j],f[i]]} return f } }
base.test.sequence={sequencer:Seq}; base.test.reporters=['default']; base.test.outputFile={}
export default base
