/ A subscriber that keeps the day in memory: sets the schemas, replays the earlier updates, then receives new ones.
/   kserve -p 5011 r.q 5010

upd:insert
.u.end:{[d] {x set 0#value x}each tables`.;}

h:hopen"J"$first .z.x,enlist"5010"
/ Subscription and log in one request, so that no update falls between the two.
r:h"(.u.sub[`;`];.u.log)"
(.[set])each r 0;
value each r 1;

/ The last price and the volume of each symbol.
last_prices:{select last price,sum size by sym from trade}
