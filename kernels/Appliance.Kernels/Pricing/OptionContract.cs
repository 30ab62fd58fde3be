namespace Appliance.Kernels.Pricing;

/// <summary>What is traded. Barriers and extrema are watched continuously; digitals and averages settle at expiry.</summary>
public enum ContractKind : byte
{
    None = 0,
    European,
    American,
    /// <summary>Pays <see cref="OptionContract.Cash"/> at expiry when in the money there.</summary>
    CashDigital,
    /// <summary>Pays the asset's price at expiry when in the money there.</summary>
    AssetDigital,
    DownAndOut,
    DownAndIn,
    UpAndOut,
    UpAndIn,
    /// <summary>Call: maximum less strike; put: strike less minimum.</summary>
    LookbackFixed,
    /// <summary>Call: last price less minimum; put: maximum less last price. The strike is not used.</summary>
    LookbackFloating,
    AsianGeometric,
    AsianArithmetic,
}

public enum OptionRight : byte
{
    None = 0,
    Call,
    Put,
}

/// <summary>
/// One option as its term sheet has it, with the spot price it is valued at. A field that the kind does not use is ignored; zero stands for "not given".
/// </summary>
public struct OptionContract
{
    public ContractKind Kind;
    public OptionRight Right;

    /// <summary>Price of the asset now; under Black-76 the forward (futures) price. Above zero.</summary>
    public double Spot;

    /// <summary>Zero or more.</summary>
    public double Strike;

    /// <summary>Years to expiry, zero (today) or more.</summary>
    public double Expiry;

    /// <summary>Above zero. A spot at or beyond it has hit it.</summary>
    public double Barrier;

    /// <summary>Paid when a knock-out's barrier is hit, or at expiry when a knock-in's never was; zero or more.</summary>
    public double Rebate;

    /// <summary>What a cash digital pays.</summary>
    public double Cash;

    /// <summary>
    /// Lookbacks: the running maximum (fixed call, floating put) or minimum (fixed put, floating call); zero: the spot. Barriers: the most extreme price so far towards the barrier; when it
    /// has reached the barrier a knock-in is the plain option and a knock-out is worth nothing more (its rebate has been paid); zero: the spot alone says.
    /// </summary>
    public double Extremum;

    /// <summary>
    /// Asians: how many prices the average takes in all, those that are past included. The n = Fixings − ElapsedFixings to come stand at k·Expiry/n, k = 1…n, the last at expiry.
    /// Zero: the average is continuous and begins now.
    /// </summary>
    public int Fixings;

    /// <summary>Asians: how many of the fixings are past.</summary>
    public int ElapsedFixings;

    /// <summary>Asians: the average (geometric or arithmetic, as the kind) of the elapsed fixings.</summary>
    public double RunningAverage;
}
