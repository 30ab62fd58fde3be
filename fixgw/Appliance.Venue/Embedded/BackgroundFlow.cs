using Appliance.Contract;
using Appliance.Venue.Matching;

namespace Appliance.Venue.Embedded;

/// <summary>
/// The other participants. A fundamental price follows geometric Brownian motion at a stated volatility; market makers keep several levels on both sides of it,
/// replacing, reducing and cancelling; noise traders add and withdraw orders further out; takers trade towards the fundamental, so the book follows it; now and then a
/// hidden trade prints at the middle. No side is left empty: makers come back before anything else happens.
/// <para>Each call of <see cref="Act"/> is one venue transaction. What it does is a function of the seed, the times given and the book.</para>
/// </summary>
internal sealed class BackgroundFlow
{
    private const double NanosecondsPerYear = 365.25 * 86_400e9;
    private const int NoiseSlots = 24;

    /// <summary>One instrument's fundamental and the participants' standing orders in it. A maker's slots are bids best first, then asks.</summary>
    private sealed class Crowd(SimulatedInstrument instrument, int makerSlots)
    {
        public readonly SimulatedInstrument Instrument = instrument;
        public readonly ulong[] References = new ulong[makerSlots + NoiseSlots];
        public double FundamentalUnits = instrument.OpenPrice * instrument.Definition.PriceUnitsPerOne;
        public long MovedNs;
        public bool Halted;
    }

    private readonly MatchingEngine<VenueHandler> _engine;
    private readonly Crowd[] _crowds;
    private readonly int[] _makerAccounts;
    private readonly int _noiseAccount;
    private readonly int _takerAccount;
    private readonly int _levels;
    private readonly int _makerSlots;
    private VenueRandom _random;

    public BackgroundFlow(VenueOptions options, MatchingEngine<VenueHandler> engine, Func<string, int> openAccount)
    {
        _engine = engine;
        _levels = options.MakerLevels;
        _makerSlots = options.Makers * _levels * 2;
        _crowds = options.Instruments.Select(i => new Crowd(i, _makerSlots)).ToArray();
        _makerAccounts = Enumerable.Range(1, options.Makers).Select(n => openAccount($"MAKER{n}")).ToArray();
        _noiseAccount = openAccount("NOISE");
        _takerAccount = openAccount("TAKER");
        _random = new VenueRandom(options.Seed);
    }

    public double FundamentalUnits(int instrument) => _crowds[instrument].FundamentalUnits;
    public void SetHalted(int instrument, bool halted) => _crowds[instrument].Halted = halted;

    /// <summary>How many calls of <see cref="PostOpening"/> make an instrument's opening book.</summary>
    public int OpeningOrders => _makerSlots;

    public void PostOpening(int instrument, int slot, long nowNs)
    {
        Crowd crowd = _crowds[instrument];
        crowd.MovedNs = nowNs;
        Quote(crowd, slot);
    }

    /// <summary>One background transaction.</summary>
    public void Act(long nowNs)
    {
        Crowd crowd = _crowds[_random.NextInt(_crowds.Length)];
        Move(crowd, nowNs);
        if (crowd.Halted || Restore(crowd)) return;
        double chance = _random.NextDouble();
        if (chance < 0.70) Quote(crowd, _random.NextInt(_makerSlots));
        else if (chance < 0.80) Quote(crowd, _random.NextInt(_makerAccounts.Length) * 2 * _levels + _random.NextInt(2) * _levels);
        else if (chance < 0.88) MakeNoise(crowd);
        else if (chance < 0.98) Take(crowd);
        else PrintHidden(crowd);
    }

    /// <summary>Makers come back where a side has run out; true when there was need, one order a call.</summary>
    public bool Restore(int instrument) => !_crowds[instrument].Halted && Restore(_crowds[instrument]);

    /// <summary>A background order has left the book without our doing.</summary>
    public void OnGone(int instrument, ulong slot) => _crowds[instrument].References[slot] = 0;

    private void Move(Crowd crowd, long nowNs)
    {
        double years = Math.Max(0, nowNs - crowd.MovedNs) / NanosecondsPerYear;
        crowd.MovedNs = nowNs;
        double sigma = crowd.Instrument.AnnualisedVolatility;
        // Without drift the fundamental is a martingale: nobody earns by holding.
        crowd.FundamentalUnits *= Math.Exp(-0.5 * sigma * sigma * years + sigma * Math.Sqrt(years) * _random.NextNormal());
        double lowest = 10.0 * crowd.Instrument.Definition.TickSizeUnits * (_levels + 1);
        crowd.FundamentalUnits = Math.Clamp(crowd.FundamentalUnits, lowest, uint.MaxValue / 2.0);
    }

    private bool Restore(Crowd crowd)
    {
        ushort instrument = crowd.Instrument.Definition.Index;
        for (int side = 0; side < 2; side++)
        {
            if (_engine.LevelCount(instrument, side == 0 ? Side.Buy : Side.Sell) >= Math.Min(2, _levels)) continue;
            for (int slot = 0; slot < _makerSlots; slot++)
                if (slot / _levels % 2 == side && crowd.References[slot] == 0 && Quote(crowd, slot)) return true;
        }
        return false;
    }

    /// <summary>Brings one of a maker's quotes to where it belongs; false when nothing was to be done.</summary>
    private bool Quote(Crowd crowd, int slot)
    {
        int maker = slot / (2 * _levels), level = slot % _levels;
        Side side = slot / _levels % 2 == 0 ? Side.Buy : Side.Sell;
        InstrumentDefinition definition = crowd.Instrument.Definition;
        double away = (crowd.Instrument.HalfSpreadTicks + (double)level * crowd.Instrument.LevelStepTicks) * definition.TickSizeUnits;
        long price = Passive(definition, side, side == Side.Buy
            ? (long)Math.Floor((crowd.FundamentalUnits - away) / definition.TickSizeUnits) * definition.TickSizeUnits
            : (long)Math.Ceiling((crowd.FundamentalUnits + away) / definition.TickSizeUnits) * definition.TickSizeUnits);
        long quantity = Size(crowd);
        ref ulong reference = ref crowd.References[slot];
        if (reference == 0 || !_engine.TryGet(reference, out BookOrder standing))
        {
            reference = _engine.Submit(definition.Index, side, price, quantity, TimeInForce.Day, _makerAccounts[maker], (ulong)slot).Reference;
            return reference != 0;
        }
        if (standing.PriceUnits != price)
        {
            SubmitOutcome moved = _engine.Replace(reference, price, quantity, (ulong)slot);
            if (moved.Status != SubmitStatus.BookFull) reference = moved.Reference;
            return true;
        }
        long lots = standing.QuantityUnits / definition.LotSizeUnits;
        if (lots >= 2 && _random.NextInt(3) == 0)
            return _engine.Reduce(reference, (1 + _random.NextInt((int)Math.Min(lots - 1, 1_000_000))) * definition.LotSizeUnits);
        if (_random.NextInt(4) != 0 || _engine.LevelCount(definition.Index, side) < 3) return false;
        _engine.Cancel(reference);
        reference = 0;
        return true;
    }

    /// <summary>A quote never takes: it stops one tick short of the other side.</summary>
    private long Passive(InstrumentDefinition definition, Side side, long priceUnits)
    {
        if (side == Side.Buy)
            return Math.Max(definition.TickSizeUnits, _engine.TryBest(definition.Index, Side.Sell, out long ask, out _) ? Math.Min(priceUnits, ask - definition.TickSizeUnits) : priceUnits);
        return _engine.TryBest(definition.Index, Side.Buy, out long bid, out _) ? Math.Max(priceUnits, bid + definition.TickSizeUnits) : priceUnits;
    }

    private long Size(Crowd crowd) => (1 + (long)(_random.NextExponential() * crowd.Instrument.OrderLots)) * crowd.Instrument.Definition.LotSizeUnits;

    private void MakeNoise(Crowd crowd)
    {
        int slot = _makerSlots + _random.NextInt(NoiseSlots);
        ref ulong reference = ref crowd.References[slot];
        InstrumentDefinition definition = crowd.Instrument.Definition;
        if (reference != 0 && _engine.TryGet(reference, out BookOrder standing))
        {
            if (_engine.LevelCount(definition.Index, standing.Side) < 3) return;
            _engine.Cancel(reference);
            reference = 0;
            return;
        }
        Side side = _random.NextInt(2) == 0 ? Side.Buy : Side.Sell;
        long ticks = 1 + _random.NextInt(3 * _levels * crowd.Instrument.LevelStepTicks);
        long nearest = (long)Math.Round(crowd.FundamentalUnits / definition.TickSizeUnits);
        long price = Passive(definition, side, (side == Side.Buy ? nearest - ticks : nearest + ticks) * definition.TickSizeUnits);
        reference = _engine.Submit(definition.Index, side, price, Size(crowd), TimeInForce.Day, _noiseAccount, (ulong)slot).Reference;
    }

    private void Take(Crowd crowd)
    {
        ushort instrument = crowd.Instrument.Definition.Index;
        if (!_engine.TryBest(instrument, Side.Buy, out long bid, out _) || !_engine.TryBest(instrument, Side.Sell, out long ask, out _)) return;
        double middle = 0.5 * (bid + ask);
        // Most takers know more than the book: that is what drags it along.
        bool informed = _random.NextDouble() < 0.7;
        bool buys = informed ? crowd.FundamentalUnits > middle : _random.NextInt(2) == 0;
        Side side = buys ? Side.Buy : Side.Sell, opposite = buys ? Side.Sell : Side.Buy;
        // An informed taker pays up to the fundamental where that is beyond the touch; nobody sweeps more than half of a side.
        long limit = buys ? ask : bid;
        if (informed) limit = buys ? Math.Max(ask, (long)crowd.FundamentalUnits) : Math.Min(bid, (long)crowd.FundamentalUnits);
        long lot = crowd.Instrument.Definition.LotSizeUnits;
        long most = _engine.TotalUnits(instrument, opposite) / 2 / lot * lot;
        if (most < lot) return;
        _engine.Submit(instrument, side, limit, Math.Min(Size(crowd), most), TimeInForce.ImmediateOrCancel, _takerAccount, 0);
    }

    private void PrintHidden(Crowd crowd)
    {
        ushort instrument = crowd.Instrument.Definition.Index;
        if (!_engine.TryBest(instrument, Side.Buy, out long bid, out _) || !_engine.TryBest(instrument, Side.Sell, out long ask, out _)) return;
        _engine.Print(instrument, (bid + ask) / 2, crowd.Instrument.Definition.LotSizeUnits * (1 + _random.NextInt(crowd.Instrument.OrderLots)), _takerAccount, _noiseAccount);
    }
}
