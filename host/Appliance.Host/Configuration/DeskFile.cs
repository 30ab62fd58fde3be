using Appliance.Contract;

namespace Appliance.Host.Configuration;

internal sealed record FeedSettings(string Kind, string Group, int Port, string Interface, string Host, string UserName, string Password, string Session, FeedRecovery Recovery);

internal sealed record PaperSettings(long LatencyMicroseconds);

internal sealed record FeeSettings(double TakerBps, double MakerBps, double PerUnit);

internal sealed record VenueSimulationSettings(double EventsPerSecond, long LatencyMicroseconds, double RejectShare, bool CancelOnDisconnect, IReadOnlyList<double> Prices, IReadOnlyList<double> Volatilities, IReadOnlyList<double> HalfSpreadTicks);

internal sealed record OptionSettings(bool Call, double Strike, long ExpiryUtcNs, double Quantity, double Volatility);

internal sealed record PolicySettings(string Kind, double Threshold, double RiskAversion, double CostShare, double RebalanceShare, string File, byte[] Bytes, double ReferenceStrike);

internal sealed record ExecutionSettings(string Style, double MinimumTrade, double SlippageTicks, int ChaseTicks, int PassiveTimeoutMs, double EscalateBandMultiple, int RetryMs, int AcknowledgementMs, double MaximumChildQuantity);

internal sealed record PortfolioSettings(string Name, ushort Instrument, double Rate, double Yield, PolicySettings Policy, ExecutionSettings Execution, IReadOnlyList<OptionSettings> Options, double InitialHedge, double ExpansionTolerance, int RepriceMs, string User);


/// <summary>A desk file, checked and frozen: what to trade, with which policy, limits and sessions. It holds no core number.</summary>
internal sealed record Desk
{
    public required string File { get; init; }
    public required byte[] Bytes { get; init; }
    public required string Name { get; init; }
    public required string Currency { get; init; }
    public required FeedSettings Feed { get; init; }
    public required string VenueKind { get; init; }
    public required FixSettings Fix { get; init; }
    public required PaperSettings Paper { get; init; }
    public required VenueSimulationSettings Simulation { get; init; }
    public required FeeSettings Fees { get; init; }
    public required InstrumentDefinition[] Instruments { get; init; }
    public required PortfolioSettings[] Portfolios { get; init; }
    public required LimitSettings Limits { get; init; }

    internal static readonly string[] FeedKinds = ["itch50-moldudp64", "itch50-soupbintcp", "itch50-file", "iex-deep", "binance-usdm", "binance-coinm", "binance-spot"];

    /// <summary>Policies that come from a file: the desk names the architecture that it expects there.</summary>
    internal static readonly string[] NetworkKinds = ["mlp", "ntb", "lstm", "gru"];

    private static readonly Section OptionKeys = new("option",
        new("right", SettingType.Choice, "Call or put; European.") { Required = true, Choices = ["call", "put"] },
        new("strike", SettingType.Number, "Strike.") { Required = true, Min = 1e-9, Max = 1e12, Unit = "quote currency" },
        new("expiry", SettingType.Time, "When it expires.") { Required = true },
        new("quantity", SettingType.Number, "Position in units of the underlying; negative is short.") { Required = true, Min = -1e12, Max = 1e12 },
        new("volatility", SettingType.Number, "The desk's volatility mark, 1.00 = 100 % a year.") { Required = true, Min = 0, Max = 10 });

    private static readonly Section PolicyKeys = new("policy",
        new("kind", SettingType.Choice, "The rule that says how much to hedge.") { Required = true, Choices = ["delta-threshold", "whalley-wilmott", .. NetworkKinds] },
        new("threshold", SettingType.Number, "delta-threshold: trade back to delta when off by more than this many units of the underlying.") { Default = "1", Min = 0, Max = 1e12, Unit = "underlying" },
        new("riskAversion", SettingType.Number, "whalley-wilmott: absolute risk aversion a.") { Default = "1e-4", Min = 1e-15, Max = 1e6, Unit = "1 / quote currency" },
        new("costShare", SettingType.Number, "whalley-wilmott: proportional cost c of a trade, 0.0001 = one basis point.") { Default = "0.0001", Min = 0, Max = 1 },
        new("rebalanceShare", SettingType.Number, "whalley-wilmott: where a trade leads: 0 to the band's edge, 1 to its centre.") { Default = "0.5", Min = 0, Max = 1 },
        new("file", SettingType.Text, "mlp, ntb, lstm, gru: the policy file (safetensors) of that architecture, relative to the desk file.") { Default = "\"\"" },
        new("referenceStrike", SettingType.Number, "mlp, ntb, lstm, gru: the strike against which the feature moneyness is taken; 0 takes the one strike that all options of the portfolio have.") { Default = "0", Min = 0, Max = 1e12, Unit = "quote currency" });

    private static readonly Section ExecutionKeys = new("execution",
        new("style", SettingType.Choice, "taking crosses the spread at once; passive joins the best price and escalates.") { Default = "\"taking\"", Choices = ["taking", "passive"] },
        new("minimumTrade", SettingType.Number, "Smaller trades are left until they add up.") { Default = "0", Min = 0, Max = 1e12, Unit = "underlying" },
        new("maximumChild", SettingType.Number, "The most one child order asks for; the rest follows in further children.") { Default = "1e12", Min = 0, Max = 1e12, Unit = "underlying" },
        new("slippageTicks", SettingType.Number, "How far beyond the touch a taking order may reach.") { Default = "2", Min = 0, Max = 10000, Unit = "ticks" },
        new("chaseTicks", SettingType.Integer, "Passive: amend when the best price is this far from the order.") { Default = "1", Min = 1, Max = 10000, Unit = "ticks" },
        new("passiveTimeoutMilliseconds", SettingType.Integer, "Passive: take after this long without being filled.") { Default = "2000", Min = 1, Max = 3600000, Unit = "ms" },
        new("escalateBandMultiple", SettingType.Number, "Passive: take at once when the delta is off by this many half-widths of the band.") { Default = "3", Min = 1, Max = 1000 },
        new("retryMilliseconds", SettingType.Integer, "Wait after a reject before the same portfolio tries again.") { Default = "100", Min = 1, Max = 3600000, Unit = "ms" },
        new("acknowledgementMilliseconds", SettingType.Integer, "A request unanswered for this long freezes the instrument, is cancelled and alarms.") { Default = "2000", Min = 1, Max = 3600000, Unit = "ms" });

    internal static readonly Section Keys = new("desk",
        new("name", SettingType.Text, "What reports call this desk.") { Required = true },
        new("currency", SettingType.Text, "Currency of cash and P&L.") { Default = "\"USD\"" },
        new("feed", SettingType.Object, "Where market data comes from.")
        {
            Required = true, Section = new("feed",
            new("kind", SettingType.Choice, "The feed's protocol; a capture given on the command line must hold it.") { Required = true, Choices = FeedKinds },
            new("group", SettingType.Text, "Multicast group.") { Default = "\"239.192.7.1\"" },
            new("port", SettingType.Integer, "UDP or TCP port; 0 lets the embedded venue choose one.") { Default = "26400", Min = 0, Max = 65535 },
            new("interface", SettingType.Text, "Address of the interface that receives the group.") { Default = "\"127.0.0.1\"" },
            new("groupB", SettingType.Text, "itch50-moldudp64: multicast group of a second line of the same packets; empty: there is one line. The first of the two to bring a packet counts.") { Default = "\"\"" },
            new("portB", SettingType.Integer, "UDP port of the second line; 0 lets the embedded venue choose one.") { Default = "26401", Min = 0, Max = 65535 },
            new("interfaceB", SettingType.Text, "Address of the interface that receives the second line.") { Default = "\"127.0.0.1\"" },
            new("recoveryHost", SettingType.Text, "itch50-moldudp64: address of the re-request server; empty: none. The embedded venue has one when this is given.") { Default = "\"\"" },
            new("recoveryPort", SettingType.Integer, "UDP port of the re-request server; 0 lets the embedded venue choose one.") { Default = "0", Min = 0, Max = 65535 },
            new("recoveryWaitMicroseconds", SettingType.Integer, "From a hole in the sequence to the first question: what the other line, or a packet overtaken on the way, may take.") { Default = "100", Min = 0, Max = 1_000_000, Unit = "us" },
            new("recoveryTimeoutMilliseconds", SettingType.Integer, "Until an unanswered question is put again; without a server, until a hole that the other line has not closed is given up.") { Default = "20", Min = 1, Max = 10_000, Unit = "ms" },
            new("recoveryAttempts", SettingType.Integer, "Questions in a row without an answer before the hole is given up: it then is a gap, as without recovery.") { Default = "5", Min = 1, Max = 1_000 },
            new("recoveryMessagesMax", SettingType.Integer, "The largest hole that is asked for, the beginning of a feed joined late included; a larger one is a gap at once.") { Default = "1000000", Min = 1, Max = 1e12, Unit = "messages" },
            new("host", SettingType.Text, "SoupBinTCP server.") { Default = "\"127.0.0.1\"" },
            new("userName", SettingType.Text, "SoupBinTCP login.") { Default = "\"\"" },
            new("passwordFile", SettingType.Text, "File that holds the SoupBinTCP password, so that no secret stands here.") { Default = "\"\"" },
            new("session", SettingType.Text, "SoupBinTCP session; empty takes the current one.") { Default = "\"\"" })
        },
        new("venue", SettingType.Object, "Where orders go.")
        {
            Required = true, Section = new("venue", [
            new("kind", SettingType.Choice, "embedded: our simulated exchange, started beside the host; fix: a FIX venue; paper: fills from the replayed market data.") { Required = true, Choices = ["embedded", "fix", "paper"] },
            new("host", SettingType.Text, "FIX acceptor; the first to be tried where venue.backupHosts names more.") { Default = "\"127.0.0.1\"" },
            new("port", SettingType.Integer, "FIX acceptor's port; 0 lets the embedded venue choose one.") { Default = "0", Min = 0, Max = 65535 },
            .. FixSettings.Keys,
            new("latencyMicroseconds", SettingType.Integer, "embedded and paper: time from our order to the book, and from the book to us.") { Default = "100", Min = 0, Max = 10000000, Unit = "microseconds" },
            new("eventsPerSecond", SettingType.Number, "embedded: background order-book events over all instruments.") { Default = "2000", Min = 1, Max = 1000000, Unit = "1/s" },
            new("rejectShare", SettingType.Number, "embedded: share of our new orders it rejects.") { Default = "0", Min = 0, Max = 1 },
            new("cancelOnDisconnect", SettingType.Flag, "embedded: our working orders are cancelled when the session drops.") { Default = "true" },
            new("takerBps", SettingType.Number, "Fee on taking fills.") { Default = "0", Min = -100, Max = 1000, Unit = "basis points" },
            new("makerBps", SettingType.Number, "Fee on making fills; negative is a rebate.") { Default = "0", Min = -100, Max = 1000, Unit = "basis points" },
            new("feePerUnit", SettingType.Number, "Fee for each unit of quantity.") { Default = "0", Min = -100, Max = 1000, Unit = "quote currency" }])
        },
        new("instruments", SettingType.List, "What is received and may be traded.")
        {
            Required = true, Min = 1, Section = new("instrument",
            new("symbol", SettingType.Text, "The venue's symbol.") { Required = true },
            new("priceUnitsPerOne", SettingType.Integer, "The feed's fixed point: price units in 1.0 (ITCH and DEEP 10000, Binance 100000000).") { Required = true, Min = 1, Max = 1e12 },
            new("quantityUnitsPerOne", SettingType.Integer, "Quantity units in 1.0 (shares 1, Binance 100000000).") { Required = true, Min = 1, Max = 1e12 },
            new("tickSize", SettingType.Number, "Price step of orders.") { Required = true, Min = 1e-12, Max = 1e9, Unit = "quote currency" },
            new("lotSize", SettingType.Number, "Quantity step of orders.") { Required = true, Min = 1e-12, Max = 1e9 },
            new("contractSize", SettingType.Number, "Underlying in 1.0 of quantity.") { Default = "1", Min = 1e-9, Max = 1e9 },
            new("startPrice", SettingType.Number, "embedded venue: where the simulated price starts.") { Default = "100", Min = 1e-6, Max = 1e9, Unit = "quote currency" },
            new("simulatedVolatility", SettingType.Number, "embedded venue: volatility of the simulated price, a year; a demonstration compresses time by raising it.") { Default = "0.4", Min = 0, Max = 1000 },
            new("simulatedHalfSpreadTicks", SettingType.Number, "embedded venue: typical half spread of its market makers.") { Default = "1", Min = 0.5, Max = 1000, Unit = "ticks" })
        },
        new("portfolios", SettingType.List, "Option positions with the instrument that hedges them and the policy.")
        {
            Required = true, Min = 1, Section = new("portfolio",
            new("name", SettingType.Text, "What reports call it.") { Required = true },
            new("underlying", SettingType.Text, "Symbol of the instrument that hedges it.") { Required = true },
            new("user", SettingType.Text, "Who is answerable for it; limits.restrictedUsers may bar him. Empty: the portfolio's name.") { Default = "\"\"" },
            new("rate", SettingType.Number, "Continuously compounded interest rate a year.") { Default = "0", Min = -1, Max = 1 },
            new("yield", SettingType.Number, "Continuously compounded dividend or borrow yield a year.") { Default = "0", Min = -1, Max = 1 },
            new("initialHedge", SettingType.Number, "Hedge held at the start, in units of the underlying.") { Default = "0", Min = -1e12, Max = 1e12 },
            new("expansionTolerance", SettingType.Number, "Error of the delta by the second-order expansion past which a full repricing comes before the decision, as a share of the threshold (delta-threshold) or of ten lots (other policies).") { Default = "0.1", Min = 0, Max = 10 },
            new("repriceMilliseconds", SettingType.Integer, "A full repricing follows a decision at the latest this long after the last one.") { Default = "1000", Min = 1, Max = 3600000, Unit = "ms" },
            new("policy", SettingType.Object, "The hedging rule.") { Required = true, Section = PolicyKeys },
            new("execution", SettingType.Object, "How a hedge is traded.") { Section = ExecutionKeys },
            new("options", SettingType.List, "The option positions.") { Required = true, Min = 1, Section = OptionKeys })
        },
        new("limits", SettingType.Object, "The hard limits of the gate.")
        {
            Required = true, Section = LimitSettings.Keys
        });

    public static Desk? Load(string file, ConfigurationErrors errors)
    {
        byte[]? bytes = InputFile.TryRead(file, errors);
        return bytes is null ? null : Parse(bytes, file, errors);
    }

    /// <param name="pinnedPolicies">Policy files in their order, from a journal; null reads them from the disk.</param>
    public static Desk? Parse(byte[] bytes, string file, ConfigurationErrors errors, IReadOnlyList<(string Name, byte[] Bytes)>? pinnedPolicies = null)
    {
        int before = errors.Count;
        var o = ConfigurationObject.Parse(bytes, file, Keys, errors);
        // Checks between keys run on whatever could be read, so that one pass names every mistake.
        if (o is null) return null;

        var instruments = new List<InstrumentDefinition>();
        foreach (var i in o.List("instruments"))
        {
            long priceUnits = i.Integer("priceUnitsPerOne"), quantityUnits = i.Integer("quantityUnitsPerOne");
            if (i.Has("symbol") && instruments.Any(x => x.Symbol == i.Text("symbol"))) i.Error("symbol", $"\"{i.Text("symbol")}\"", "each symbol once");
            instruments.Add(new InstrumentDefinition((ushort)instruments.Count, i.Text("symbol"), priceUnits, quantityUnits,
                Units(i, "tickSize", priceUnits), Units(i, "lotSize", quantityUnits), i.Number("contractSize")));
        }

        var portfolios = new List<PortfolioSettings>();
        foreach (var p in o.List("portfolios"))
        {
            var instrument = instruments.Find(i => i.Symbol == p.Text("underlying"));
            if (instrument is null && p.Has("underlying")) p.Error("underlying", $"\"{p.Text("underlying")}\"", "a symbol of the list instruments: " + string.Join(", ", instruments.Select(i => i.Symbol)));
            if (p.Has("name") && portfolios.Any(x => x.Name == p.Text("name"))) p.Error("name", $"\"{p.Text("name")}\"", "each name once");
            var policy = p.Object("policy");
            string policyFile = NetworkKinds.Contains(policy.Text("kind")) ? policy.Text("file") : "";
            byte[] policyBytes = [];
            if (NetworkKinds.Contains(policy.Text("kind")))
            {
                if (policyFile == "") policy.Error("file", "nothing", $"the path of a safetensors file, for kind \"{policy.Text("kind")}\"");
                else
                {
                    policyFile = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, policyFile);
                    int pinned = portfolios.Count(x => NetworkKinds.Contains(x.Policy.Kind));
                    if (pinnedPolicies is not null && pinned < pinnedPolicies.Count) (policyFile, policyBytes) = pinnedPolicies[pinned];
                    else if (System.IO.File.Exists(policyFile)) policyBytes = System.IO.File.ReadAllBytes(policyFile);
                    else policy.Error("file", $"\"{policy.Text("file")}\"", "a file that exists, relative to the desk file");
                }
            }
            var e = p.Object("execution");
            double least = Math.Max(e.Number("minimumTrade"), instrument is null ? 0 : (double)instrument.LotSizeUnits / instrument.QuantityUnitsPerOne * instrument.ContractSize);
            if (e.Has("minimumTrade", "maximumChild") && e.Number("maximumChild") < least)
                e.Error("maximumChild", Setting.Number(e.Number("maximumChild")), $"at least execution.minimumTrade and one lot, {Setting.Number(least)}");
            portfolios.Add(new PortfolioSettings(p.Text("name"), instrument?.Index ?? 0, p.Number("rate"), p.Number("yield"),
                new PolicySettings(policy.Text("kind"), policy.Number("threshold"), policy.Number("riskAversion"), policy.Number("costShare"), policy.Number("rebalanceShare"), policyFile, policyBytes, policy.Number("referenceStrike")),
                new ExecutionSettings(e.Text("style"), e.Number("minimumTrade"), e.Number("slippageTicks"), (int)e.Integer("chaseTicks"), (int)e.Integer("passiveTimeoutMilliseconds"),
                    e.Number("escalateBandMultiple"), (int)e.Integer("retryMilliseconds"), (int)e.Integer("acknowledgementMilliseconds"), e.Number("maximumChild")),
                [.. p.List("options").Select(x => new OptionSettings(x.Text("right") == "call", x.Number("strike"), x.TimeUtcNs("expiry"), x.Number("quantity"), x.Number("volatility")))],
                p.Number("initialHedge"), p.Number("expansionTolerance"), (int)p.Integer("repriceMilliseconds"), p.Text("user") is { Length: > 0 } user ? user : p.Text("name")));
        }

        var limits = LimitSettings.Read(o.Object("limits"), instruments, portfolios);
        var feed = o.Object("feed");
        var venue = o.Object("venue");
        if (feed.Has("kind") && venue.Text("kind") == "embedded" && feed.Text("kind") != "itch50-moldudp64") feed.Error("kind", $"\"{feed.Text("kind")}\"", "\"itch50-moldudp64\" with the embedded venue, which publishes that");
        if (venue.Has("port") && venue.Text("kind") == "fix" && venue.Integer("port") == 0) venue.Error("port", "0", "the venue's port, for kind \"fix\"");
        if (venue.Text("kind") == "paper" && feed.Text("kind") == "itch50-soupbintcp") venue.Error("kind", "\"paper\"", "a feed that can be replayed; paper fills need a capture");
        // A replay logs on nowhere, and the machine that replays need not hold the secrets.
        bool readsFiles = pinnedPolicies is null;
        var fix = FixSettings.Read(venue, file, readsFiles);
        string password = "";
        if (readsFiles && feed.Text("passwordFile") is { Length: > 0 } passwordFile)
        {
            string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, passwordFile);
            if (System.IO.File.Exists(path)) password = System.IO.File.ReadAllText(path).Trim();
            else feed.Error("passwordFile", $"\"{passwordFile}\"", "a file that exists, relative to the desk file");
        }
        if (feed.Has("interface") && !System.Net.IPAddress.TryParse(feed.Text("interface"), out _)) feed.Error("interface", $"\"{feed.Text("interface")}\"", "an IPv4 address");
        if (feed.Has("group") && !IsMulticast(feed.Text("group"))) feed.Error("group", $"\"{feed.Text("group")}\"", "an IPv4 multicast address, 224.0.0.0 to 239.255.255.255");
        var recovery = FeedRecovery.Read(feed, venue.Text("kind") == "embedded");
        if (errors.Count > before) return null;

        return new Desk
        {
            File = file, Bytes = bytes, Name = o.Text("name"), Currency = o.Text("currency"),
            Feed = new FeedSettings(feed.Text("kind"), feed.Text("group"), (int)feed.Integer("port"), feed.Text("interface"), feed.Text("host"), feed.Text("userName"), password, feed.Text("session"), recovery),
            VenueKind = venue.Text("kind"),
            Fix = fix,
            Paper = new PaperSettings(venue.Integer("latencyMicroseconds")),
            Simulation = new VenueSimulationSettings(venue.Number("eventsPerSecond"), venue.Integer("latencyMicroseconds"), venue.Number("rejectShare"), venue.Flag("cancelOnDisconnect"),
                [.. o.List("instruments").Select(i => i.Number("startPrice"))], [.. o.List("instruments").Select(i => i.Number("simulatedVolatility"))], [.. o.List("instruments").Select(i => i.Number("simulatedHalfSpreadTicks"))]),
            Fees = new FeeSettings(venue.Number("takerBps"), venue.Number("makerBps"), venue.Number("feePerUnit")),
            Instruments = [.. instruments],
            Portfolios = [.. portfolios],
            Limits = limits,
        };
    }

    internal static bool IsMulticast(string text) => System.Net.IPAddress.TryParse(text, out var group) && group.GetAddressBytes() is [>= 224 and <= 239, _, _, _];

    /// <summary>A step in the instrument's integer units; a step that is no whole number of units is a mistake of the file.</summary>
    private static long Units(ConfigurationObject o, string key, long unitsPerOne)
    {
        if (unitsPerOne == 0 || !o.Has(key)) return 1;
        double exact = o.Number(key) * unitsPerOne;
        long units = (long)Math.Round(exact);
        if (units < 1 || Math.Abs(exact - units) > 1e-6 * Math.Max(1, units))
            o.Error(key, Setting.Number(o.Number(key)), $"a multiple of 1/{unitsPerOne}, the instrument's unit");
        return Math.Max(1, units);
    }
}
