/ What node-q's tests load: subscriptions to the tables of the root, as u.q of kdb+tick has them.
.u.t:()
.u.init:{.u.t:tables`.; .u.w:.u.t!(count .u.t)#enlist()}
.u.del:{[t;h] .u.w[t]:.u.w[t]where not h=first each .u.w t}
.u.sel:{[x;s] $[s~`;x;select from x where sym in s]}
.u.add:{[t;s] .u.del[t;.z.w]; .u.w[t],:enlist(.z.w;s); (t;0#value t)}
.u.sub:{[t;s] $[t~`;.u.sub[;s]each .u.t;not t in .u.t;'t;.u.add[t;s]]}
.u.pub:{[t;x] {[t;x;w] if[count y:.u.sel[x;w 1];neg[w 0](`upd;t;y)]}[t;x]each .u.w t;}
.z.pc:{.u.del[;x]each .u.t}
