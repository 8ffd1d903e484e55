/ A tickerplant: publishers call .u.upd, subscribers .u.sub.
/   kserve -p 5010 tick.q

trade:([]time:`timespan$();sym:`symbol$();price:`float$();size:`long$())
quote:([]time:`timespan$();sym:`symbol$();bid:`float$();ask:`float$())

/ Of each table, who wants it: pairs of a handle and the symbols, ` for all.
.u.t:`trade`quote
.u.w:.u.t!(count .u.t)#enlist()
/ What was published today, to be replayed by who comes late, and how much that is.
.u.log:()
.u.i:0

/ A subscription: the name and the empty table. Another one for the same table replaces it.
.u.sub:{[t;s]
  if[t~`;:.u.sub[;s]each .u.t];
  if[not t in .u.t;'t];
  .u.del[t;.z.w];
  .u.w[t],:enlist(.z.w;s);
  (t;0#value t)}

.u.del:{[t;h] .u.w[t]:.u.w[t]where not h=first each .u.w t}
.u.sel:{[x;s] $[s~`;x;select from x where sym in s]}

/ Sends rows to each subscriber that wants some of them.
.u.pub:{[t;x]
  {[t;x;w]
    y:.u.sel[x;w 1];
    if[count y;neg[w 0](`upd;t;y)]}[t;x]each .u.w t;}

/ An update: the columns of a table, each an atom or a list; the time is added where it is missing.
.u.upd:{[t;x]
  if[not t in .u.t;'t];
  if[not 16=abs type first x;
    x:$[0>type first x;.z.n,x;(enlist(count first x)#.z.n),x]];
  rows:$[0>type first x;enlist cols[t]!x;flip cols[t]!x];
  .u.log,:enlist(`upd;t;rows);
  .u.i+:1;
  .u.pub[t;rows];}

/ The end of a day, which every subscriber hears of once.
.u.end:{[d]
  {[d;h] neg[h](`.u.end;d)}[d]each distinct first each raze value .u.w;
  .u.log:();
  .u.i:0;}

.z.pc:{.u.del[;x]each .u.t;}
