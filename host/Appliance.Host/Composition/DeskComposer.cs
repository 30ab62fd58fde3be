using Appliance.Contract;
using Appliance.Flow;
using Appliance.Flow.Compute;
using Appliance.Flow.Decide;
using Appliance.Flow.Market;
using Appliance.Host.Configuration;
using Appliance.Risk;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Host.Composition;

/// <summary>From a checked desk file and profile to the options of each stage. What a stage refuses is the file's mistake and is said as one.</summary>
internal static class DeskComposer
{
    public static FlowOptions Flow(Desk desk, HardwareProfile profile, ulong orderIdEpoch)
    {
        var errors = new ConfigurationErrors();
        var portfolios = new List<FlowPortfolio>();
        var networks = new Dictionary<string, PolicyInference>(StringComparer.Ordinal);
        foreach (var p in desk.Portfolios)
        {
            try { portfolios.Add(Portfolio(desk, p, networks)); }
            catch (PolicyFileException e)
            {
                foreach (string fault in e.Faults) errors.Add(e.File, 0, fault);
            }
            catch (Exception e) when (e is ArgumentException or InvalidDataException or IOException)
            {
                errors.Add(desk.File, 0, $"portfolio {p.Name}: {e.Message}");
            }
        }
        var limits = Limits(desk, profile, orderIdEpoch);
        foreach (string problem in limits.Problems()) errors.Add(desk.File, 0, $"limits: {problem}");
        FeeSchedule fees = FeeSchedule.None;
        try { fees = Fees(desk); }
        catch (ArgumentException e) { errors.Add(desk.File, 0, $"venue fees: {e.Message}"); }
        foreach (InstrumentDefinition instrument in desk.Instruments)
        {
            try { fees.For(instrument); }
            catch (OverflowException) { errors.Add(desk.File, 0, $"instrument {instrument.Symbol}: priceUnitsPerOne, quantityUnitsPerOne and contractSize leave money more digits than 128 bits hold: give the units that the feed needs"); }
            catch (ArgumentException e) { errors.Add(desk.File, 0, $"venue fees: {e.Message}"); }
        }
        if (errors.Count > 0) throw new BadInputException([.. errors.Lines]);
        return new FlowOptions
        {
            Instruments = desk.Instruments, Portfolios = [.. portfolios], Limits = limits, Fees = fees,
            Reconciliation = new ReconciliationOptions { AsksForAll = desk.Fix.MassStatus, CancelsUnknown = desk.Fix.CancelsUnknownOrders },
            Market = new MarketOptions { DefaultFeed = Feed(desk), MaxOrders = profile.MaxOrders, LevelsPerSide = profile.MaxLevels },
        };
    }

    public static FeeSchedule Fees(Desk desk) => new(desk.Fees.MakerBps, desk.Fees.TakerBps) { TakerPerOne = (decimal)desk.Fees.PerUnit, MakerPerOne = (decimal)desk.Fees.PerUnit };

    /// <summary>How books are fed and what trading status holds before the feed says one: Binance's streams never say.</summary>
    private static InstrumentFeed Feed(Desk desk) => desk.Feed.Kind switch
    {
        "iex-deep" => new InstrumentFeed(BookFeed.Levels),
        "binance-usdm" or "binance-coinm" or "binance-spot" => new InstrumentFeed(BookFeed.BridgedLevels, TradingStatus.Trading),
        _ => new InstrumentFeed(BookFeed.Orders),
    };

    private static GateLimits Limits(Desk desk, HardwareProfile profile, ulong epoch)
    {
        var l = desk.Limits;
        int capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(profile.LiveOrders, 2 * l.MaxLiveOrders));
        return new GateLimits
        {
            MaxMessagesPerWindow = l.MessagesPerSecond, MaxMessagesPerLongWindow = l.MessagesPerMinute, MaxRejectsPerLongWindow = l.RejectsPerMinute, CancelReserveMessages = l.CancelReserve,
            MaxLiveOrders = l.MaxLiveOrders, DuplicateWindowNs = l.DuplicateWindowMs * 1_000_000L, PreventsSelfMatch = l.SelfMatchPrevention,
            MaxAccountPosition = l.MaxAccountPosition, MaxExposure = l.MaxExposure, DriftWindowNs = l.DriftWindowSeconds * 1_000_000_000L, StaleGreeksAfterNs = l.StaleGreeksMs * 1_000_000L,
            MaxClockSkewNs = l.MaxClockSkewMs * 1_000_000L, MaxDailyLoss = l.MaxDailyLoss, OrderIdEpoch = epoch, OrderTableCapacity = capacity,
            AcknowledgeWithinNs = desk.Portfolios.Min(p => p.Execution.AcknowledgementMs) * 1_000_000L,
            Instruments = [.. desk.Instruments.Where(i => desk.Portfolios.Any(p => p.Instrument == i.Index)).Select(i => new InstrumentLimits
            {
                Instrument = i.Index, MaxQuantityUnits = InstrumentLimits.ToUnits(l.MaxOrderQuantity, i.QuantityUnitsPerOne), MaxNotional = (decimal)Math.Min(l.MaxOrderNotional, 1e15),
                MaxPositionUnits = InstrumentLimits.ToUnits(l.MaxPosition, i.QuantityUnitsPerOne), CollarBasisPoints = l.CollarBps, DriftCollarBasisPoints = l.DriftCollarBps,
                StaleAfterNs = l.StaleMs * 1_000_000L, IsRestricted = l.RestrictedInstruments.Contains(i.Symbol),
            })],
            PortfolioCapacity = desk.Portfolios.Length,
            Portfolios = [.. desk.Portfolios.Select((p, index) => new PortfolioLimits
            {
                Portfolio = (ushort)index, Instrument = p.Instrument, IsUserRestricted = l.RestrictedUsers.Contains(p.User),
                MaxHedgeUnits = InstrumentLimits.ToUnits(l.MaxHedge, desk.Instruments[p.Instrument].QuantityUnitsPerOne), HedgeAttemptsMax = l.MaxHedgeAttempts, RepeatedExecutionsMax = l.RepeatedExecutions,
                ProtectionQuantityUnits = InstrumentLimits.ToUnitsOrOff(l.ProtectionQuantity, desk.Instruments[p.Instrument].QuantityUnitsPerOne), ProtectionDelta = l.ProtectionDelta, ProtectionVega = l.ProtectionVega,
                ProtectionIntervalNs = l.ProtectionIntervalMs * 1_000_000L, ProtectionFreezeNs = l.ProtectionFreezeMs * 1_000_000L,
            })],
        };
    }

    private static FlowPortfolio Portfolio(Desk desk, PortfolioSettings p, Dictionary<string, PolicyInference> networks)
    {
        var instrument = desk.Instruments[p.Instrument];
        double lot = (double)instrument.LotSizeUnits / instrument.QuantityUnitsPerOne;
        var e = p.Execution;
        return new FlowPortfolio
        {
            Name = p.Name, Instrument = p.Instrument,
            OpeningHedgeUnits = Units(Math.Abs(p.InitialHedge) / instrument.ContractSize, instrument.QuantityUnitsPerOne) * Math.Sign(p.InitialHedge),
            Options = new PortfolioDefinition
            {
                Name = p.Name, Rate = p.Rate, Yield = p.Yield,
                Strike = [.. p.Options.Select(o => o.Strike)], ExpiryUtcNs = [.. p.Options.Select(o => o.ExpiryUtcNs)], CallPut = [.. p.Options.Select(o => o.Call ? 1.0 : -1.0)],
                Quantity = [.. p.Options.Select(o => o.Quantity)], Volatility = [.. p.Options.Select(o => o.Volatility)], ReferenceStrike = ReferenceStrike(p),
            },
            Policy = p.Policy.Kind switch
            {
                "delta-threshold" => new DeltaThresholdPolicy(p.Policy.Threshold / instrument.ContractSize),
                "whalley-wilmott" => new WhalleyWilmottPolicy(new WhalleyWilmottOptions { CostShare = p.Policy.CostShare, RiskAversion = p.Policy.RiskAversion, RebalanceShare = p.Policy.RebalanceShare, HalfWidthUnitsMin = lot }),
                "mlp" or "ntb" or "lstm" or "gru" => Network(desk, p, networks),
                _ => throw new ArgumentException($"policy kind {p.Policy.Kind}"),
            },
            Execution = new HedgeExecutionOptions
            {
                Style = e.Style == "passive" ? HedgeStyle.Passive : HedgeStyle.Taking, MinimumTradeUnits = Math.Max(1, Units(e.MinimumTrade / instrument.ContractSize, instrument.QuantityUnitsPerOne)),
                MaxChildUnits = Math.Max(instrument.LotSizeUnits, InstrumentLimits.ToUnits(Math.Min(e.MaximumChildQuantity, desk.Limits.MaxOrderQuantity), instrument.QuantityUnitsPerOne)),
                SlippageTicks = (int)Math.Round(e.SlippageTicks), AmendAfterTicks = e.ChaseTicks, EscalateAfterNs = e.PassiveTimeoutMs * 1_000_000L,
                EscalateBandMultiple = e.EscalateBandMultiple, RetryAfterNs = e.RetryMs * 1_000_000L,
            },
            Greeks = new PortfolioGreeksOptions { DeltaErrorUnitsMax = p.ExpansionTolerance * Math.Max(lot, p.Policy.Kind == "delta-threshold" ? p.Policy.Threshold : 10 * lot) * instrument.ContractSize, RepriceAfterNs = p.RepriceMs * 1_000_000L },
        };
    }

    /// <summary>Portfolios whose policy is the same bytes share one network: its weights stand in memory once, and one call answers all of them.</summary>
    private static NetworkPolicy Network(Desk desk, PortfolioSettings portfolio, Dictionary<string, PolicyInference> networks)
    {
        PolicySettings settings = portfolio.Policy;
        PolicyFile file = PolicyFile.Parse(settings.File, settings.Bytes);
        string found = file.Metadata.Architecture.ToString().ToLowerInvariant();
        if (found != settings.Kind) throw new PolicyFileException(settings.File, $"holds architecture {found}, but the desk file's policy.kind is \"{settings.Kind}\": give the one that the file holds");
        if (file.Metadata.Hedges is { Length: > 0 } hedges)
            throw new PolicyFileException(settings.File, $"metadata \"hedges\": it holds the hedges of {hedges.Length} instruments ({string.Join(", ", hedges.Select(h => h.Instrument))}), but portfolio {portfolio.Name} trades one, {desk.Instruments[portfolio.Instrument].Symbol}: train a policy whose specification names one hedge, and give that in policy.file");
        if (ReferenceStrike(portfolio) == 0 && file.Metadata.Features.Any(f => f.Feature == FeatureId.Moneyness))
            throw new PolicyFileException(settings.File, "has the feature moneyness, but the portfolio's options have several strikes: say which one counts, in policy.referenceStrike");
        if (!networks.TryGetValue(file.Sha256, out PolicyInference? inference))
            networks[file.Sha256] = inference = new PolicyInference(file, desk.Portfolios.Count(p => p.Policy.Bytes.AsSpan().SequenceEqual(settings.Bytes)));
        return new NetworkPolicy(inference);
    }

    /// <summary>The one that the desk file states, else the one that all options have; 0 for none.</summary>
    private static double ReferenceStrike(PortfolioSettings p) =>
        p.Policy.ReferenceStrike > 0 ? p.Policy.ReferenceStrike : p.Options.Count > 0 && p.Options.All(o => o.Strike == p.Options[0].Strike) ? p.Options[0].Strike : 0;

    /// <summary>Nearest; limits are rounded down instead (<see cref="InstrumentLimits.ToUnits"/>).</summary>
    private static long Units(double value, long unitsPerOne) => value * unitsPerOne >= InstrumentLimits.UnitsMax ? InstrumentLimits.UnitsMax : (long)Math.Round(value * unitsPerOne);

    public static IComputeBackend Backend(HardwareProfile profile) => profile.ComputeBackend switch
    {
        "scalar" => new Kernels.CpuGreeksBackend(Kernels.KernelWidth.Scalar),
        "simd" => Kernels.CpuGreeksBackend.IsSupported(Kernels.KernelWidth.Simd256)
            ? new Kernels.CpuGreeksBackend()
            : throw new BadInputException($"{profile.File}: compute.backend: saw \"simd\", but this processor has no AVX2; allowed here are \"auto\" and \"scalar\""),
        "ilgpu" => Device(profile),
        _ => new Kernels.CpuGreeksBackend(),
    };

    /// <summary>For imaginary price moves, which must not keep a device from the real ones.</summary>
    public static IComputeBackend RehearsalBackend(HardwareProfile profile) => profile.ComputeBackend == "ilgpu" ? new Kernels.CpuGreeksBackend() : Backend(profile);

    private static IComputeBackend Device(HardwareProfile profile)
    {
        try { return Kernels.Ilgpu.IlgpuAdapter.CreateBackend(profile.ComputeDevice); }
        catch (Kernels.Ilgpu.IlgpuDeviceException e) { throw new BadInputException($"{profile.File}: compute.device: {e.Message}"); }
    }
}
