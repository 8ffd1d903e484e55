/ A tickerplant: publishers call .u.upd, subscribers .u.sub.
/   kserve -p 5010 tick.q                          keeps what was published today in memory
/   kserve -p 5010 --allow files tick.q data/sym   and in a file a day besides: data/sym2024.01.31

trade:([]time:`timespan$();sym:`symbol$();price:`float$();size:`long$())
quote:([]time:`timespan$();sym:`symbol$();bid:`float$();ask:`float$())

/ Of each table, who wants it: pairs of a handle and the symbols, ` for all.
.u.t:`trade`quote
.u.w:.u.t!(count .u.t)#enlist()
/ What was published today, to be replayed by who comes late, and how much that is.
.u.log:()
.u.i:0

/ The file of a day, .u.L, and its handle, .u.l. One that is there is gone on with, if all of it is whole.
.u.ld:{[d]
  .u.L:`$":",.u.file,string d;
  if[()~key .u.L;.u.L set()];
  .u.i:-11!(-2;.u.L);
  if[1<count .u.i;'"corrupt log, truncate to length ",string last .u.i];
  .u.l:hopen .u.L;}

.u.l:0i
.u.d:.z.D
.u.file:first .z.x,enlist""
if[count .u.file;.u.ld .u.d]

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
  if[.u.l;.u.l enlist(`upd;t;x)];
  .u.i+:1;
  .u.pub[t;rows];}

/ The end of a day, which every subscriber hears of once.
.u.end:{[d]
  {[d;h] neg[h](`.u.end;d)}[d]each distinct first each raze value .u.w;
  .u.log:();
  .u.i:0;
  if[.u.l;hclose .u.l;.u.ld .u.d:d+1];}

.z.pc:{.u.del[;x]each .u.t;}
