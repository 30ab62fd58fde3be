using System.Runtime.CompilerServices;
using Appliance.Kernels;
using Appliance.Kernels.Ilgpu;
using Appliance.Kernels.Pricing;

namespace Appliance.Host.Greeks;

/// <summary>The European options of a block of rows, in arrays for the vector kernel or for a device, which give the same bits.</summary>
internal sealed class EuropeanBlock(int capacity, KernelWidth width, IDevicePricing? device)
{
    private readonly double[] _spot = new double[capacity], _strike = new double[capacity], _expiry = new double[capacity], _volatility = new double[capacity];
    private readonly double[] _rate = new double[capacity], _yield = new double[capacity], _sign = new double[capacity];
    private readonly double[] _price = new double[capacity], _delta = new double[capacity], _gamma = new double[capacity], _vega = new double[capacity], _theta = new double[capacity];
    private readonly double[] _rho = new double[capacity], _vanna = new double[capacity], _volga = new double[capacity], _charm = new double[capacity];
    private readonly bool[] _isForward = new bool[capacity];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    /// <summary>
    /// Takes a row if its numbers lie well inside what the pricer allows, and answers with its place; else −1: the pricer itself looks at the rest, and finds the reason where there is one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TryAdd(ContractRow row, double volatility)
    {
        double spot = row[Column.Spot], strike = row[Column.Strike], expiry = row[Column.Expiry], rate = row[Column.Rate];
        bool isForward = row.Model == ModelKind.Black76;
        double yield = isForward ? rate : row[Column.Yield];
        bool plain = spot >= 1e-90 && spot <= 1e90 && strike >= 1e-90 && strike <= 1e90 && expiry > 0 && expiry <= 1000 && Math.Abs(rate) <= 10 && Math.Abs(yield) <= 10
            && volatility >= 0 && volatility <= 1e6;
        if (!plain) return -1;
        int i = Count++;
        _spot[i] = spot;
        _strike[i] = strike;
        _expiry[i] = expiry;
        _volatility[i] = volatility;
        _rate[i] = rate;
        _yield[i] = yield;
        _sign[i] = row.Right == OptionRight.Call ? 1 : -1;
        _isForward[i] = isForward;
        return i;
    }

    public void Evaluate()
    {
        var batch = new EuropeanBatch
        {
            Spot = _spot.AsSpan(0, Count), Strike = _strike, Expiry = _expiry, Volatility = _volatility, Rate = _rate, Yield = _yield, Sign = _sign,
            Price = _price, Delta = _delta, Gamma = _gamma, Vega = _vega, Theta = _theta, Rho = _rho, Vanna = _vanna, Volga = _volga, Charm = _charm,
        };
        if (device is null) batch.Evaluate(width);
        else device.Evaluate(in batch);
    }

    /// <summary>A forward does not move with the rate, so only its discounting does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sensitivities Result(int i) =>
        new(_price[i], _delta[i], _gamma[i], _vega[i], _theta[i], _isForward[i] ? -_expiry[i] * _price[i] : _rho[i], _vanna[i], _volga[i], _charm[i]);
}
