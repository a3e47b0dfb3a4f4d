// Put in front of a service worker's script, so that the worker can neither answer our requests nor
// route them elsewhere: they go to the network, and thus to the proxy. Lines are joined when it is
// sent, and it must be the same for every page of an installation, as browsers compare the bytes of
// a worker's script at each update (Service Workers, "Update").
(() => {
const prefix = "__PREFIX__", Address = URL, startsWith = Function.call.bind("".startsWith);
// The first listener of all, hence the one that can keep the event from the worker's own.
addEventListener("fetch", (event) => {
const to = new Address(event.request.url);
if (to.origin === origin && startsWith(to.pathname, prefix)) event.stopImmediatePropagation();
});
// Static routes are asked before any listener (Service Workers, "addRoutes"): ours comes first.
const Install = self.InstallEvent, addRoutes = Install && Install.prototype.addRoutes;
if (addRoutes) Install.prototype.addRoutes = function (routes) {
const ours = { condition: { urlPattern: { pathname: prefix + "*" } }, source: "network" };
return addRoutes.call(this, [ours].concat(routes));
};
})();
