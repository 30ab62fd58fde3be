using System.Globalization;
using System.Text;
using System.Text.Json;
using Appliance.Host.Configuration;

namespace Appliance.Host.Latency;

/// <summary>The desk of a measurement: one instrument, a number of options whose gamma makes every price move a trade, every limit on and wide enough never to speak.</summary>
internal static class LatencyDesk
{
    /// <summary>Sum of positions, so that a move of one tick asks for about 200 shares whatever the number of options.</summary>
    private const double TotalOptions = -1_600_000;

    public static readonly FixSettings Session = new("127.0.0.1", 0, "HEDGER", "RIG", 30, false, "", []);

    /// <summary>A measurement's session is as new as its venue.</summary>
    public static void ForgetSession(string outFolder)
    {
        Composition.SessionFolder.Delete(outFolder, Session);
        if (Directory.Exists(outFolder)) Directory.Delete(outFolder, recursive: true);
    }

    /// <summary>A gate that held orders back, or a host that made fewer than the price moves asked for, made another load than the measurement says.</summary>
    /// <param name="report">The host's.</param>
    /// <param name="due">Orders that the price moves asked for; some may fall together or be held back as duplicates after a stall, one in a hundred at most.</param>
    /// <returns>What is wrong; null when every order passed.</returns>
    public static string? Shortfall(string report, long due)
    {
        using var host = JsonDocument.Parse(File.ReadAllText(report));
        JsonElement orders = host.RootElement.GetProperty("orders");
        long sent = orders.GetProperty("sent").GetInt64();
        if (sent < due - due / 100) return string.Create(CultureInfo.InvariantCulture, $"{sent} orders were sent where {due} were due: {report}");
        long held = orders.GetProperty("rejectedByGate").GetInt64();
        long intents = orders.GetProperty("intents").GetInt64();
        return held <= intents / 100 ? null : string.Create(CultureInfo.InvariantCulture, $"the gate held back {held} of {intents} orders, {orders.GetProperty("gateRejects").GetRawText()}: {report}");
    }

    /// <param name="duplicateWindowMilliseconds">Shorter than the time after which the same order is due again; 0 where that is at once.</param>
    public static void Write(string path, int options, int feedPort, int fixPort, int duplicateWindowMilliseconds)
    {
        var inv = CultureInfo.InvariantCulture;
        var json = new StringBuilder();
        json.Append(inv, $$"""
            {
              // Written by `appliance latency`.
              "name": "latency-{{options}}", "currency": "USD",
              "feed": { "kind": "itch50-moldudp64", "group": "239.192.7.9", "port": {{feedPort}}, "interface": "127.0.0.1" },
              "venue": { "kind": "fix", "port": {{fixPort}}, "senderCompId": "HEDGER", "targetCompId": "RIG", "heartbeatSeconds": 30 },
              "instruments": [ { "symbol": "{{TickPattern.Symbol}}", "priceUnitsPerOne": 10000, "quantityUnitsPerOne": 1, "tickSize": 0.01, "lotSize": 1 } ],
              "portfolios": [ {
                "name": "latency", "underlying": "{{TickPattern.Symbol}}", "repriceMilliseconds": 10,
                "policy": { "kind": "delta-threshold", "threshold": 20 },
                "execution": { "style": "taking", "slippageTicks": 5, "retryMilliseconds": 1 },
                "options": [

            """);
        for (int i = 0; i < options; i++)
        {
            double strike = 80 + 40.0 * i / Math.Max(1, options - 1);
            double quantity = TotalOptions / options;
            json.Append(inv, $"      {{ \"right\": \"{(i % 2 == 0 ? "call" : "put")}\", \"strike\": {strike:F4}, \"expiry\": \"{2036 + i % 4}-06-20T20:00:00Z\", \"quantity\": {quantity:F4}, \"volatility\": 0.3 }}{(i == options - 1 ? "" : ",")}\n");
        }
        json.Append(inv, $$"""
                ]
              } ],
              "limits": { "maxOrderQuantity": 10000000, "maxOrderNotional": 1e12, "collarBps": 1000, "driftCollarBps": 10000, "maxPosition": 1000000000, "maxAccountPosition": 1e14, "maxExposure": 1e14,
                "messagesPerSecond": 1000000, "messagesPerMinute": 1000000, "rejectsPerMinute": 1000000, "cancelReserve": 1000, "maxLiveOrders": 64, "duplicateWindowMilliseconds": {{duplicateWindowMilliseconds}},
                "staleMilliseconds": 3600000, "staleGreeksMilliseconds": 3600000, "maxDailyLoss": 1e15, "maxHedge": 1e14, "maxHedgeAttempts": 1000000, "repeatedExecutions": 1000000,
                "protectionQuantity": 1e14, "protectionDelta": 1e14, "protectionIntervalMilliseconds": 1 }
            }

            """);
        File.WriteAllText(path, json.ToString());
    }
}
