-- wrk -t1 -c32 -d15s --latency -s get_any.lua http://127.0.0.1:PORT   (KEY and PATHS in the environment)
-- Every request gets one of the paths that are the lines of the file PATHS, chosen at random.
local paths = {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
math.randomseed(1)
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "")
request = function()
  return wrk.format("GET", paths[math.random(#paths)])
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %.3f %d %d\n",
    summary.requests, summary.errors.status, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
