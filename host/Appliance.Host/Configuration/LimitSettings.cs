using Appliance.Contract;

namespace Appliance.Host.Configuration;

/// <summary>
/// The desk file's limits section: docs/risk.md says which control each key sets and which rule asks for it. Most can be changed while the host runs, through
/// the audited path (`appliance console`).
/// </summary>
internal sealed record LimitSettings
{
    public required double MaxOrderQuantity { get; init; }
    public required double MaxOrderNotional { get; init; }
    public required int CollarBps { get; init; }
    public required int DriftCollarBps { get; init; }
    public required int DriftWindowSeconds { get; init; }
    public required double MaxPosition { get; init; }
    public required double MaxAccountPosition { get; init; }
    public required double MaxExposure { get; init; }
    public required int MessagesPerSecond { get; init; }
    public required int MessagesPerMinute { get; init; }
    public required int RejectsPerMinute { get; init; }
    public required int CancelReserve { get; init; }
    public required int MaxLiveOrders { get; init; }
    public required int DuplicateWindowMs { get; init; }
    public required bool SelfMatchPrevention { get; init; }
    public required int StaleMs { get; init; }
    public required int StaleGreeksMs { get; init; }
    public required int MaxClockSkewMs { get; init; }
    public required double MaxDailyLoss { get; init; }
    public required double MaxHedge { get; init; }
    public required int MaxHedgeAttempts { get; init; }
    public required int RepeatedExecutions { get; init; }
    public required double ProtectionQuantity { get; init; }
    public required double ProtectionDelta { get; init; }
    public required double ProtectionVega { get; init; }
    public required int ProtectionIntervalMs { get; init; }
    public required int ProtectionFreezeMs { get; init; }
    public required IReadOnlyList<string> RestrictedInstruments { get; init; }
    public required IReadOnlyList<string> RestrictedUsers { get; init; }
    public required IReadOnlyList<string> Operators { get; init; }

    public static readonly Section Keys = new("limits",
        new("maxOrderQuantity", SettingType.Number, "The most one order may ask for.") { Required = true, Min = 0, Max = 1e15 },
        new("maxOrderNotional", SettingType.Number, "The most one order may be worth.") { Required = true, Min = 1e-9, Max = 1e15, Unit = "quote currency" },
        new("collarBps", SettingType.Integer, "How far from the last good mid an order's price may lie.") { Default = "100", Min = 0, Max = 10000, Unit = "basis points" },
        new("driftCollarBps", SettingType.Integer, "How far an order's price may lie from where the mid was one to two driftWindowSeconds ago; 0 is off.") { Default = "1000", Min = 0, Max = 10000, Unit = "basis points" },
        new("driftWindowSeconds", SettingType.Integer, "The window of driftCollarBps.") { Default = "60", Min = 1, Max = 86400, Unit = "s" },
        new("maxPosition", SettingType.Number, "The largest position an instrument may reach with all working orders filled.") { Required = true, Min = 0, Max = 1e15 },
        new("maxAccountPosition", SettingType.Number, "The largest net position of the account, over all instruments at their mids, with the working orders of a side filled.") { Default = "1e15", Min = 1e-9, Max = 1e15, Unit = "quote currency" },
        new("maxExposure", SettingType.Number, "Credit or capital: the sum over instruments of the worst position on either side, working orders filled, at their mids.") { Default = "1e15", Min = 1e-9, Max = 1e15, Unit = "quote currency" },
        new("messagesPerSecond", SettingType.Integer, "Messages to the venue in any second.") { Default = "100", Min = 1, Max = 1000000, Unit = "1/s" },
        new("messagesPerMinute", SettingType.Integer, "Messages to the venue in any minute, rejected ones too; 0 is off.") { Default = "0", Min = 0, Max = 1000000, Unit = "1/min" },
        new("rejectsPerMinute", SettingType.Integer, "Requests that the venue rejected in any minute at which new orders stop until some are older; 0 is off.") { Default = "1000", Min = 0, Max = 1000000, Unit = "1/min" },
        new("cancelReserve", SettingType.Integer, "Part of the message rate that only cancels may use.") { Default = "20", Min = 0, Max = 1000000, Unit = "1/s" },
        new("maxLiveOrders", SettingType.Integer, "Orders at the venue at one time.") { Default = "64", Min = 1, Max = 65536 },
        new("duplicateWindowMilliseconds", SettingType.Integer, "A second order alike in portfolio, side, price and quantity within this time is held back; 0 is off.") { Default = "5", Min = 0, Max = 60000, Unit = "ms" },
        new("selfMatchPrevention", SettingType.Flag, "An order that could trade with a live one of ours, of any portfolio, is held back.") { Default = "true" },
        new("staleMilliseconds", SettingType.Integer, "No order on a book that has not moved for this long.") { Default = "5000", Min = 1, Max = 86400000, Unit = "ms" },
        new("staleGreeksMilliseconds", SettingType.Integer, "No order of a portfolio whose Greeks were last priced in full longer ago; 0 is off.") { Default = "60000", Min = 0, Max = 86400000, Unit = "ms" },
        new("maxClockSkewMilliseconds", SettingType.Integer, "How far the wall clock may step during the run, all steps added.") { Default = "1000", Min = 1, Max = 86400000, Unit = "ms" },
        new("maxDailyLoss", SettingType.Number, "New orders stop when the desk has lost this much since the start of the run.") { Required = true, Min = 1e-9, Max = 1e15, Unit = "quote currency" },
        new("maxHedge", SettingType.Number, "The largest hedge of one portfolio with its working orders filled.") { Default = "1e15", Min = 0, Max = 1e15 },
        new("maxHedgeAttempts", SettingType.Integer, "Orders in a row of one portfolio that may find no fill; the next waits for a fill or a named person. 0 is off.") { Default = "200", Min = 0, Max = 1000000 },
        new("repeatedExecutions", SettingType.Integer, "Orders of one portfolio in any minute at which it is disabled until a named person enables it; 0 is off.") { Default = "10000", Min = 0, Max = 1000000, Unit = "1/min" },
        new("protectionQuantity", SettingType.Number, "Market-maker protection of each portfolio: the quantity filled within the interval, both sides added, that freezes it; 0 is off.") { Default = "0", Min = 0, Max = 1e15 },
        new("protectionDelta", SettingType.Number, "The net delta filled within the interval that freezes it; 0 is off.") { Default = "0", Min = 0, Max = 1e15, Unit = "underlying" },
        new("protectionVega", SettingType.Number, "The net vega filled within the interval that freezes it; 0 is off. Allowed is 0 alone while what a desk trades has no vega, as an underlying, a future or a perpetual.") { Default = "0", Min = 0, Max = 1e15, Unit = "quote currency per 1.00 of volatility" },
        new("protectionIntervalMilliseconds", SettingType.Integer, "The interval of the protection.") { Default = "1000", Min = 1, Max = 86400000, Unit = "ms" },
        new("protectionFreezeMilliseconds", SettingType.Integer, "How long a freeze lasts; 0 until a named person resets it.") { Default = "0", Min = 0, Max = 86400000, Unit = "ms" },
        new("restrictedInstruments", SettingType.TextList, "Symbols that may not be traded for now.") { Default = "[]" },
        new("restrictedUsers", SettingType.TextList, "Users of portfolios that may not trade for now.") { Default = "[]" },
        new("operators", SettingType.TextList, "Who may change limits and enable what a control has stopped; empty: whoever can open the board. A kill is open to all.") { Default = "[]" });

    public static LimitSettings Read(ConfigurationObject o, IReadOnlyList<InstrumentDefinition> instruments, IReadOnlyList<PortfolioSettings> portfolios)
    {
        if (o.Has("cancelReserve", "messagesPerSecond") && o.Integer("cancelReserve") >= o.Integer("messagesPerSecond"))
            o.Error("cancelReserve", o.Integer("cancelReserve").ToString(), "less than limits.messagesPerSecond");
        string[] lots = [.. instruments.Where(i => o.Has("maxOrderQuantity") && portfolios.Any(p => p.Instrument == i.Index) && Risk.InstrumentLimits.ToUnits(o.Number("maxOrderQuantity"), i.QuantityUnitsPerOne) < i.LotSizeUnits).Select(i => FormattableString.Invariant($"{i.ToQuantity(i.LotSizeUnits)} of {i.Symbol}"))];
        if (lots.Length > 0) o.Error("maxOrderQuantity", FormattableString.Invariant($"{o.Number("maxOrderQuantity"):R}"), $"at least one lot of each traded instrument, {string.Join(" and ", lots)}");
        foreach (string symbol in o.Texts("restrictedInstruments"))
            if (!instruments.Any(i => i.Symbol == symbol)) o.Error("restrictedInstruments", $"\"{symbol}\"", "symbols of the list instruments: " + string.Join(", ", instruments.Select(i => i.Symbol)));
        foreach (string user in o.Texts("restrictedUsers"))
            if (!portfolios.Any(p => p.User == user)) o.Error("restrictedUsers", $"\"{user}\"", "users of portfolios: " + string.Join(", ", portfolios.Select(p => p.User).Distinct()));
        foreach (string name in o.Texts("operators"))
            if (!IsOperatorName(name)) o.Error("operators", $"\"{name}\"", $"names of 1 to {OperatorNameMax} printable ASCII characters without quotes");
        // The instruments of a desk are underlyings, futures and perpetuals; its options are what is hedged, and never sent as an order.
        if (o.Number("protectionVega") is > 0 and var vega)
            o.Error("protectionVega", FormattableString.Invariant($"{vega:R}"), $"0; {Risk.PortfolioLimits.NoVega}");
        long staleGreeks = o.Integer("staleGreeksMilliseconds");
        if (o.Has("staleGreeksMilliseconds") && staleGreeks != 0 && portfolios.Count > 0 && staleGreeks <= portfolios.Max(p => p.RepriceMs))
            o.Error("staleGreeksMilliseconds", staleGreeks.ToString(), $"more than every portfolio's repriceMilliseconds, {portfolios.Max(p => p.RepriceMs)}, or 0");
        return new LimitSettings
        {
            MaxOrderQuantity = o.Number("maxOrderQuantity"), MaxOrderNotional = o.Number("maxOrderNotional"), CollarBps = (int)o.Integer("collarBps"), DriftCollarBps = (int)o.Integer("driftCollarBps"),
            DriftWindowSeconds = (int)o.Integer("driftWindowSeconds"), MaxPosition = o.Number("maxPosition"), MaxAccountPosition = o.Number("maxAccountPosition"), MaxExposure = o.Number("maxExposure"),
            MessagesPerSecond = (int)o.Integer("messagesPerSecond"), MessagesPerMinute = (int)o.Integer("messagesPerMinute"), RejectsPerMinute = (int)o.Integer("rejectsPerMinute"),
            CancelReserve = (int)o.Integer("cancelReserve"), MaxLiveOrders = (int)o.Integer("maxLiveOrders"), DuplicateWindowMs = (int)o.Integer("duplicateWindowMilliseconds"),
            SelfMatchPrevention = o.Flag("selfMatchPrevention"), StaleMs = (int)o.Integer("staleMilliseconds"), StaleGreeksMs = (int)staleGreeks, MaxClockSkewMs = (int)o.Integer("maxClockSkewMilliseconds"),
            MaxDailyLoss = o.Number("maxDailyLoss"), MaxHedge = o.Number("maxHedge"), MaxHedgeAttempts = (int)o.Integer("maxHedgeAttempts"), RepeatedExecutions = (int)o.Integer("repeatedExecutions"),
            ProtectionQuantity = o.Number("protectionQuantity"), ProtectionDelta = o.Number("protectionDelta"), ProtectionVega = o.Number("protectionVega"),
            ProtectionIntervalMs = (int)o.Integer("protectionIntervalMilliseconds"), ProtectionFreezeMs = (int)o.Integer("protectionFreezeMilliseconds"),
            RestrictedInstruments = o.Texts("restrictedInstruments"), RestrictedUsers = o.Texts("restrictedUsers"), Operators = o.Texts("operators"),
        };
    }

    /// <summary>As many bytes as a command's event has room for.</summary>
    public const int OperatorNameMax = 16;

    public static bool IsOperatorName(string name) => name.Length is >= 1 and <= OperatorNameMax && name.All(c => c is > ' ' and <= '~' and not '"' and not '\\');
}
