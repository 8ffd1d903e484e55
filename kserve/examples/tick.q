/ A tickerplant: publishers call .u.upd, subscribers .u.sub.
/   kserve -p 5010 tick.q                          keeps the updates of the day in memory
/   kserve -p 5010 --allow files tick.q data/sym   and logs them to a file per day: data/sym2024.01.31

trade:([]time:`timespan$();sym:`symbol$();price:`float$();size:`long$())
quote:([]time:`timespan$();sym:`symbol$();bid:`float$();ask:`float$())

/ The subscribers of each table: pairs of a handle and the symbols, ` for all.
.u.t:`trade`quote
.u.w:.u.t!(count .u.t)#enlist()
/ The updates of the day, which late subscribers replay, and their number.
.u.log:()
.u.i:0

/ Opens the log of a day: its file .u.L and handle .u.l. An existing log is appended to, unless it is corrupt.
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

/ Subscribes the caller, and returns the name and the empty table. Replaces its subscription to the same table.
.u.sub:{[t;s]
  if[t~`;:.u.sub[;s]each .u.t];
  if[not t in .u.t;'t];
  .u.del[t;.z.w];
  .u.w[t],:enlist(.z.w;s);
  (t;0#value t)}

.u.del:{[t;h] .u.w[t]:.u.w[t]where not h=first each .u.w t}
.u.sel:{[x;s] $[s~`;x;select from x where sym in s]}

/ Sends each subscriber the rows that it subscribed to.
.u.pub:{[t;x]
  {[t;x;w]
    y:.u.sel[x;w 1];
    if[count y;neg[w 0](`upd;t;y)]}[t;x]each .u.w t;}

/ Handles an update: the columns of a table, each an atom or a list. A missing time column is added.
.u.upd:{[t;x]
  if[not t in .u.t;'t];
  if[not 16=abs type first x;
    x:$[0>type first x;.z.n,x;(enlist(count first x)#.z.n),x]];
  rows:$[0>type first x;enlist cols[t]!x;flip cols[t]!x];
  .u.log,:enlist(`upd;t;rows);
  if[.u.l;.u.l enlist(`upd;t;x)];
  .u.i+:1;
  .u.pub[t;rows];}

/ Ends a day: notifies every subscriber once, and starts the log of the next day.
.u.end:{[d]
  {[d;h] neg[h](`.u.end;d)}[d]each distinct first each raze value .u.w;
  .u.log:();
  .u.i:0;
  if[.u.l;hclose .u.l;.u.ld .u.d:d+1];}

.z.pc:{.u.del[;x]each .u.t;}
